#!/usr/bin/env bats
# heapmark minheap: the smallest heap of each strategy; heapmark run --minheap uses it.

bats_require_minimum_version 1.5.0
load driver.bash

MIB=1048576

setup() {
    fake_driver
    cp "$BATS_TEST_DIRNAME/../fixtures/heap_cell.sh" "$BATS_TEST_TMPDIR/bin/heapmark-cell-heap"
    cd "$BATS_TEST_TMPDIR"
}

# found FILE STRATEGY COLUMN
found() { column "$1/minheap.csv" "$3" strategy "$2"; }

# within FILE STRATEGY MIB: the heap found is that, or at most 2 % more; what failed is less.
within() {
    local least=$(($3 * MIB)) fits failed
    fits=$(found "$1" "$2" minheap_bytes)
    failed=$(found "$1" "$2" too_small_bytes)
    [ "$fits" -ge "$least" ] && [ "$failed" -lt "$least" ] &&
        [ $(((fits - failed) * 50)) -le $((fits + 50)) ] || {
        echo "$2: $failed .. $fits"
        return 1
    }
}

@test "the smallest heap is found to 2 %, smallest first, with the common one" {
    run -0 "$heapmark" minheap --workload alpha --strategy need_9,count_5,capped --out m
    within m need_9 9
    within m count_5 5
    [ "$(found m capped minheap_bytes)" = $MIB ]
    [ "$(found m capped too_small_bytes)" = "" ]
    [ "$(found m need_9 status)" = ok ]
    [ "$(found m need_9 too_small_status)" = oom ]
    [ "$(found m need_9 passes)" = 2 ]
    [ "$(found m need_9 tracing)$(found m count_5 tracing)" = 10 ]
    [ "$(found m need_9 probes)" = "$(grep -c need_9 m/probes)" ]
    [[ $output == *"common minimum heap 1.00 MiB"* ]]
    [[ $output =~ "about "[0-9]+" s left" ]]
    order=$(grep -oE '^  (capped|count_5|need_9) ' <<<"$output" | tr -d '\n ')
    [ "$order" = cappedcount_5need_9 ]
}

@test "the common minimum is that of the tracing strategies" {
    run -0 "$heapmark" minheap --workload alpha --strategy need_9,count_5 --out m
    [[ $output == *"common minimum heap 9."* ]]
    [ ! -e m/inputs ]
}

@test "an allocator, its heap without a limit, is not searched" {
    run -0 "$heapmark" minheap --workload alpha --strategy well,need_9 --out m
    [ "$(column m/minheap.csv strategy)" = need_9 ]
    run -2 --separate-stderr "$heapmark" minheap --workload alpha --strategy well --out n
    one_complaint "none of these strategies has a heap that can be limited"
    [ ! -e n ]
}

@test "a crash and a wrong checksum are errors, not heaps that are too small" {
    run -1 --separate-stderr "$heapmark" minheap --workload alpha \
        --strategy crash_9,wrong_9,need_9 --out m
    one_complaint "2 searches ended by an error of the strategy"
    [ "$(found m crash_9 status)" = crash ]
    [[ $(found m crash_9 reason) == "at heap_bytes="*"SIGSEGV"* ]]
    [ "$(found m wrong_9 status)" = bad_checksum ]
    [ "$(found m crash_9 minheap_bytes)" = "" ]
    grep -q 'wrong_9,.*bad_checksum,"at heap_bytes=.* checksum 00000bad, .*",,,,' m/minheap.csv
    within m need_9 9
}

@test "a heap in which a probe hangs is too small" {
    run -0 "$heapmark" minheap --workload alpha --strategy hang_9 --timeout 1 --passes 1 --out m
    within m hang_9 9
    [ "$(found m hang_9 too_small_status)" = timeout ]
    [ "$(found m hang_9 timeout_ns)" = 1000000000 ]
}

@test "where nothing fits the status says so, with the largest heap tried" {
    run -1 --separate-stderr "$heapmark" minheap --workload alpha --strategy never --out m
    one_complaint "no minimum heap was found"
    [ "$(found m never status)" = oom ]
    [[ $(found m never reason) == "at heap_bytes=$((256 * MIB)): no room" ]]
}

@test "a heap that fits once by chance is not the result" {
    run -0 "$heapmark" minheap --workload alpha --strategy twice --out m
    within m twice 11
    run -0 "$heapmark" minheap --workload alpha --strategy twice --passes 1 --out n
    within n twice 9
}

@test "where fitting is not monotone the result fits and a little less does not" {
    run -0 "$heapmark" minheap --workload alpha --strategy gap --out m
    within m gap 9 || within m gap 5
}

@test "a strategy that cannot run is a row of its own" {
    run -0 "$heapmark" minheap --workload beta,alpha --strategy need_9 --out m
    [ "$(column m/minheap.csv status workload beta)" = unsupported ]
    [ "$(column m/minheap.csv status workload alpha)" = ok ]
}

@test "killed and resumed: what was found is kept, the rest is added" {
    printf '[suite]\nworkloads = alpha\nstrategies = need_9, hang_9\ntimeout_s = 60\n' >s.ini
    "$heapmark" minheap --suite s.ini --out m >/dev/null 2>err &
    driver=$!
    for _ in $(seq 300); do
        ! pgrep -P "$driver" -x sleep >/dev/null || break
        sleep 0.1
    done
    kill -INT "$driver"
    status=0
    wait "$driver" || status=$?
    [ "$status" -eq 130 ]
    grep -q 'go on with .*minheap --resume m' err
    [ "$(column m/minheap.csv strategy)" = need_9 ]
    grep need_9 m/minheap.csv >before
    sed -i 's/else exec sleep 60/else full/' bin/heapmark-cell-heap
    run -0 "$heapmark" minheap --resume m
    grep need_9 m/minheap.csv | diff before -
    within m hang_9 9
    run -0 "$heapmark" minheap --resume m
    [ "$(column m/minheap.csv strategy | wc -l)" = 2 ]
    run -2 --separate-stderr "$heapmark" minheap --resume m --seed 7
    one_complaint "it holds another plan"
}

@test "run --minheap: multiples of the common minimum, kept with the campaign" {
    run -0 "$heapmark" minheap --workload alpha --strategy need_9,count_5 --out m
    next=$(sed -n 's/^  heapmark run/run/p' <<<"$output")
    # shellcheck disable=SC2086  # words
    run -0 "$heapmark" $next --blocks 1 --out e
    base=$(found m need_9 minheap_bytes)
    run -0 "$heapmark" run --workload alpha --strategy need_9,capped --heap 2,3 --blocks 1 \
        --minheap m --out c
    [ "$(column c/runs.csv heap_limit_bytes strategy capped heap_multiple 2)" = $((2 * base)) ]
    [ "$(column c/runs.csv heap_base_bytes strategy need_9 heap_multiple 3)" = "$base" ]
    [ "$(column c/runs.csv heap_base strategy need_9 heap_multiple 3)" = minheap ]
    [ "$(column c/runs.csv heap_base strategy glibc | sort -u)" = "" ]
    [ "$(column c/plan.csv minheap_bytes strategy capped | sort -u)" = "$base" ]
    grep -qx heap_base,minheap c/meta.csv
    diff m/minheap.csv c/minheap.csv
    rm -r m
    run -0 "$heapmark" run --resume c --blocks 2
    [ "$(column c/runs.csv heap_base_bytes strategy capped | sort -u)" = "$base" ]
    run -0 "$heapmark" run --suite c/suite.ini --blocks 1 --out d
    [ "$(column d/runs.csv heap_base_bytes strategy capped | sort -u)" = "$base" ]
    sed -i "s/,$base,/,$((base + 1)),/" c/minheap.csv
    run -2 --separate-stderr "$heapmark" run --resume c --blocks 3
    one_complaint "it holds another plan"
}

@test "without a table the multiples are of the census's 1x, and the rows say so" {
    run -0 "$heapmark" run --workload alpha --strategy capped --heap 3 --blocks 1 --out c
    [ "$(column c/runs.csv heap_base strategy capped)" = census ]
    [ "$(column c/runs.csv heap_base_bytes strategy capped)" = $((4 * MIB)) ]
    [ "$(column c/plan.csv minheap_bytes strategy capped)" = "" ]
    grep -qx heap_base,census c/meta.csv
}

@test "options of strategies, --stress and --verify reach the probes, and are kept" {
    run -0 "$heapmark" minheap --workload alpha --strategy need_9,capped --out m \
        --option need_9.need=13 --stress 64K --verify
    within m need_9 13
    grep -qE '^need_9 [0-9]+ stress_bytes=65536 verify=1$' m/probes
    [ "$(column m/plan.csv settings strategy need_9)" = "option.need=13;stress=65536;verify=yes;" ]
    run -0 "$heapmark" minheap --resume m
    run -2 --separate-stderr "$heapmark" minheap --resume m --option need_9.need=14
    one_complaint "it holds another plan (options,"
}

@test "bad input is one clear line" {
    bad() {
        run -2 --separate-stderr "$heapmark" "${@:2}" --out x
        one_complaint "$1"
        [ ! -e x ]
    }
    bad "--passes '0' is no number from 1 to 1000" minheap --passes 0
    bad "--slowdown 'fast' is no number" minheap --slowdown fast
    bad "'alpha' is no option" minheap alpha
    bad "need_9: option need '0' is no number from 1 to 1000" minheap --option need_9.need=0
    bad "--option need_9.need=8: nothing is measured under need_9" \
        minheap --strategy count_5 --option need_9.need=8
    bad "--option well.depth=2: nothing is measured under well (it is not selected, or cannot" \
        minheap --strategy count_5,well --option well.depth=2
    bad "unknown strategy 'need_8' (did you mean 'need_9'?)" minheap --strategy need_8
    bad "nowhere: No such file or directory (heapmark minheap makes one)" \
        run --workload alpha --strategy capped --heap 2 --minheap nowhere
    printf 'workload,params\nalpha,1\n' >table.csv
    bad "table.csv: " run --workload alpha --strategy capped --heap 2 --minheap table.csv
    "$heapmark" minheap --workload alpha --strategy need_9 --out m >/dev/null
    bad "minheap m: no minimum heap of alpha with steps=11;width=2, seed 12345, threads 1" \
        run --workload alpha --param steps=11 --strategy capped --heap 2 --minheap m
    bad "seed 7" run --workload alpha --seed 7 --strategy capped --heap 2 --minheap m
}
