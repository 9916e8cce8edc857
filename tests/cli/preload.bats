#!/usr/bin/env bats
# What the cells do under a preloaded malloc: exactly the requests that a block workload
# claims, and the same result whichever malloc it is.

bats_require_minimum_version 1.5.0

load record.bash

setup() {
    manual_cell
}

# small WORKLOAD: its small size, as KEY=VALUE words.
small() {
    sed -n "s/^$1 //p" "$BATS_TEST_DIRNAME/../fixtures/small_sizes.txt" |
        tr ' ' '\n' | sed 's/^/param./'
}

# churn_under LIBRARY KEY=VALUE...: a run that ends well.
churn_under() {
    local library=$1
    shift
    LD_PRELOAD=$library run -0 "$manual" run churn strategy=glibc "$@"
}

@test "churn: one malloc and one free per operation reach malloc, and nothing else changes" {
    for ops in 1 2 1000 30000; do
        COUNT_FILE=$PWD/count.$ops churn_under "$fixtures/counting.so" \
            param.ops=$ops param.slots=64
        [[ $(field status) == ok ]]
        [[ $(field ops) -eq $ops ]]
        [[ $(field frees) -eq $ops ]]
        # What the cell itself needs is the same however long the workload is.
        echo "$(($(counted count.$ops malloc) - ops))" \
            "$(($(counted count.$ops free) - ops))" \
            "$(counted count.$ops calloc)" "$(counted count.$ops realloc)" >>base
    done
    cat base
    [[ $(sort -u base | wc -l) -eq 1 ]]
}

@test "churn: four threads make four times the requests" {
    for ops in 100 20100; do
        COUNT_FILE=$PWD/count.$ops churn_under "$fixtures/counting.so" \
            param.ops=$ops param.slots=64 threads=4
        [[ $(field ops) -eq $((4 * ops)) ]]
    done
    [[ $(($(counted count.20100 malloc) - $(counted count.100 malloc))) -eq 80000 ]]
    [[ $(($(counted count.20100 free) - $(counted count.100 free))) -eq 80000 ]]
}

@test "churn: the checksum is glibc's under every malloc of our own" {
    churn_under "" param.ops=100000
    expected=$(field checksum)
    [[ $expected =~ ^[0-9a-f]{8}$ ]]
    for library in "$bin"/libhm_*.so; do
        churn_under "$library" param.ops=100000
        [[ $(field status) == ok ]]
        [[ $(field checksum) == "$expected" ]]
        [[ $(field malloc) -ef $library ]]
    done
}

@test "object workloads: the checksum is glibc's under every malloc of our own" {
    while read -r workload; do
        mapfile -t size < <(small "$workload")
        run -0 "$manual" run "$workload" strategy=glibc seed=7 "${size[@]}"
        expected=$(field checksum)
        [[ $expected =~ ^[0-9a-f]{8}$ ]]
        for library in "$bin"/libhm_*.so; do
            LD_PRELOAD=$library run -0 "$manual" run "$workload" strategy=glibc seed=7 \
                "${size[@]}"
            [[ $(field status) == ok ]] || { echo "$workload $library"; false; }
            [[ $(field checksum) == "$expected" ]] || { echo "$workload $library"; false; }
        done
    done < <("$manual" list | awk -F'\t' '$1 == "workload" && $3 == "object" { print $2 }')
}

@test "musl: malloc is that of its C library, and the checksums are glibc's" {
    musl=$bin/heapmark-cell-musl
    [[ -x $musl ]] || skip "musl-gcc was not there when this was built"
    run -0 "$musl" identity
    [[ ${#lines[@]} -eq 1 && $output == *musl* ]]
    while read -r workload; do
        mapfile -t size < <(small "$workload")
        run -0 "$manual" run "$workload" strategy=glibc seed=7 "${size[@]}"
        expected=$(field checksum)
        run -0 "$musl" run "$workload" seed=7 "${size[@]}"
        [[ $(field status) == ok && $(field malloc) == *musl* ]]
        [[ $(field checksum) == "$expected" ]] || { echo "$workload"; false; }
    done < <("$musl" list | awk -F'\t' '$1 == "workload" && $3 == "object" { print $2 }')
}

@test "a heap with a limit ends a run as oom, in order" {
    HM_HEAP_LIMIT_BYTES=4000000 churn_under "$bin/libhm_bump.so"
    [[ $(field status) == oom ]]
    [[ ${lines[-1]} == end ]]
    HM_HEAP_LIMIT_BYTES=400000 churn_under "$bin/libhm_first_fit.so"
    [[ $(field status) == oom ]]
    [[ ${lines[-1]} == end ]]
}

@test "RLIMIT_DATA ends a run under our own malloc as oom, not as a crash" {
    for name in bump first_fit; do
        run -0 bash -c "ulimit -d 60000; LD_PRELOAD=$bin/libhm_$name.so exec '$manual' \
            run churn strategy=glibc param.slots=400000"
        [[ $(field status) == oom ]]
        [[ ${lines[-1]} == end ]]
    done
}

@test "a malloc that has no memory left ends a run as oom" {
    churn_under "$fixtures/greedy.so"
    [[ $(field status) == oom ]]
    [[ ${lines[-1]} == end ]]
}

@test "a malloc that spoils blocks changes the checksum, and the cell survives" {
    churn_under "" param.ops=100000
    expected=$(field checksum)
    churn_under "$fixtures/corrupt.so" param.ops=100000
    [[ $(field status) == ok ]]
    [[ $(field checksum) =~ ^[0-9a-f]{8}$ ]]
    [[ $(field checksum) != "$expected" ]]
    [[ ${lines[-1]} == end ]]
}

@test "a malloc that crashes takes the cell along, without a whole record" {
    LD_PRELOAD=$fixtures/crash.so run "$manual" run churn strategy=glibc
    [[ $status -eq 139 ]]
    [[ $output != *$'\nend' ]]
}

@test "a malloc that hangs is still there to be killed" {
    LD_PRELOAD=$fixtures/hang.so run timeout -s KILL 2 "$manual" run churn strategy=glibc
    [[ $status -eq 137 ]]
    [[ $output != *$'\nend' ]]
}

@test "a library of another machine is refused by the dynamic loader" {
    LD_PRELOAD=$fixtures/wrong_arch.so run -0 "$manual" identity
    [[ $output == *"wrong_arch.so"*"cannot be preloaded"* ]]
    [[ $output == *libc.so.6 ]]
}

@test "a library without malloc leaves the C library's in place" {
    LD_PRELOAD=$fixtures/no_malloc.so run -0 "$manual" identity
    [[ $output == */libc.so.6 ]]
    LD_PRELOAD=$fixtures/no_malloc.so run -0 "$manual" run churn strategy=glibc \
        malloc="$fixtures/no_malloc.so"
    [[ $(field status) == wrong_allocator ]]
}
