#!/usr/bin/env bats
# The cell protocol, docs/protocol.md, as the driver meets it.

bats_require_minimum_version 1.5.0

load record.bash

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    manual=$bin/heapmark-cell-manual
    census=$bin/heapmark-cell-census
    nogc=$bin/heapmark-cell-nogc
    null=$bin/heapmark-cell-null
    node=$bin/heapmark-cell-node
    cd "$BATS_TEST_TMPDIR"
}

small="param.depth=8"

@test "list: every line has the fields of its kind, and none is empty but preload and package" {
    for cell in "$manual" "$census" "$nogc" "$null" "$node"; do
        run -0 "$cell" list
        awk -F'\t' '
            BEGIN { n["strategy"] = 7; n["misses"] = 3; n["workload"] = 8; n["arrivals"] = 2; n["param"] = 8; n["option"] = 7; n["census"] = 1 }
            !($1 in n) || NF != n[$1] { print "fields: " $0; bad = 1 }
            { for (i = 1; i <= NF; i++)
                if ($i == "" && !($1 == "strategy" && (i == 4 || i == 5))) { print "empty: " $0; bad = 1 } }
            END { exit bad }' <<<"$output"
    done
}

@test "list: manual has the malloc family, nogc and null are references, census has no strategy" {
    run -0 "$manual" list
    grep -qP '^strategy\tglibc\tallocator\t\t\tfree\t' <<<"$output"
    grep -qP '^strategy\tjemalloc\tallocator\tlibjemalloc.so.2\tlibjemalloc2\tfree\t' <<<"$output"
    run -0 "$nogc" list
    grep -qP '^strategy\tnogc\treference\t' <<<"$output"
    grep -qP '^option\tnogc\tprefault\t0\t0\t' <<<"$output"
    run ! grep -P '^workload\t\w+\tblock' <<<"$output"
    run -0 "$null" list
    grep -qP '^strategy\tnull\treference\t' <<<"$output"
    run -0 "$census" list
    [[ ${lines[-1]} == census ]]
    run ! grep '^strategy' <<<"$output"
}

@test "list: plain counting misses cycles, guessing misses what numbers look like" {
    for cell in "$manual" "$nogc" "$census"; do
        run -0 "$cell" list
        run ! grep '^misses' <<<"$output"
    done
    for pair in marksweep: refcount:cycle refcount_cycle: bdwgc:false; do
        id=${pair%:*}
        [ -x "${nogc%nogc}$id" ] || continue
        run -0 "${nogc%nogc}$id" list
        [ "$(sed -n "s/^misses\t$id\t//p" <<<"$output")" = "${pair#*:}" ]
    done
}

@test "list: defaults of a parameter are inside its range" {
    run -0 "$manual" list
    awk -F'\t' '$1 == "param" && ($4 < $6 || $4 > $7 || $5 < $6 || $5 > $7) { print; bad = 1 }
                END { exit bad }' <<<"$output"
}

@test "identity: names the C library, or what is preloaded" {
    run -0 "$manual" identity
    [[ $output == */libc.so.6 || $output == */libasan* ]]
    skip_under_sanitizer
    [[ -n $(jemalloc) ]] || skip "libjemalloc.so.2 is not installed"
    LD_PRELOAD=libjemalloc.so.2 run -0 "$manual" identity
    [[ ${lines[0]} -ef $(jemalloc) ]]
}

@test "identity: the version that the malloc tells of itself, nothing of one that does not" {
    skip_under_sanitizer
    run -0 "$manual" identity
    [[ ${#lines[@]} -eq 1 ]]
    LD_PRELOAD=${manual%/*}/libhm_tlsf.so run -0 "$manual" identity
    [[ ${#lines[@]} -eq 1 ]]
    for library in libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
        [[ $(LD_PRELOAD=$library /bin/true 2>&1) == "" ]] || continue # not installed
        LD_PRELOAD=$library run -0 "$manual" identity
        [[ ${lines[1]} =~ ^[0-9]+\.[0-9.]+$ ]] || { echo "$library: $output"; false; }
    done
}

jemalloc() {
    PATH=$PATH:/sbin ldconfig -p | awk '/libjemalloc.so.2 / { print $NF; exit }'
}

skip_under_sanitizer() {
    [[ $("$manual" identity) == */libc.so.6 ]] || skip "a sanitizer owns malloc"
}

@test "run: a complete record of an object workload" {
    run -0 "$manual" run binary_trees strategy=glibc $small
    [[ ${lines[-1]} == end ]]
    [[ $(field status) == ok ]]
    [[ $(field checksum) =~ ^[0-9a-f]{8}$ ]]
    for name in ops wall_ns cpu_ns mutator_cpu_ns user_ns sys_ns minflt majflt nvcsw nivcsw rss_base_bytes \
        rss_peak_bytes rss_end_bytes rss_drained_bytes lat_n lat_max_ns clock_cost_ns; do
        [[ $(field $name) =~ ^[0-9]+$ ]] || { echo "no $name"; false; }
    done
    [[ $(field wall_ns) -gt 0 && $(field rss_peak_bytes) -ge $(field rss_base_bytes) ]]
}

@test "run: the histogram's counts add up and the window is the wall time" {
    run -0 "$manual" run binary_trees strategy=glibc $small
    awk -F'\t' '$1 == "hist" { n += $4; if ($2 > $3 || $2 < last) bad = 1; last = $3 }
                $1 == "lat_n" { want = $2 }
                $1 == "wall_ns" { wall = $2 }
                $1 == "window" { window = $3 - $2 }
                END { exit bad || n != want || n == 0 || window != wall }' <<<"$output"
}

@test "run: every strategy and the census compute the same checksum and counters" {
    run -0 "$manual" run binary_trees strategy=glibc $small
    want=$(grep -E '^(checksum|counter|ops)' <<<"$output" | sort)
    [[ -n $want ]]
    for cell in "$census" "$bin"/heapmark-cell-*; do
        [[ $cell == "$null" || $cell == "$manual" ]] && continue
        id=
        if [[ $cell == "$node" ]]; then # it has several strategies, and needs Node.js
            command -v node >/dev/null || continue
            id=strategy=node
        fi
        # shellcheck disable=SC2086
        run -0 "$cell" run binary_trees $small $id
        [[ $(grep -E '^(checksum|counter|ops)' <<<"$output" | sort) == "$want" ]]
    done
}

@test "run: the seed decides the checksum" {
    run -0 "$manual" run churn strategy=glibc param.ops=10000
    first=$(field checksum)
    run -0 "$manual" run churn strategy=glibc param.ops=10000 seed=12345
    [[ $(field checksum) == "$first" ]]
    run -0 "$manual" run churn strategy=glibc param.ops=10000 seed=1
    [[ $(field checksum) != "$first" ]]
}

@test "run: size=full takes the other defaults, wherever it stands" {
    run -0 "$manual" run churn strategy=glibc param.ops=20000 size=full
    [[ $(field ops) == 20000 ]]
    run -0 "$manual" run churn size=full strategy=glibc param.ops=20000
    [[ $(field ops) == 20000 ]]
}

@test "run: numbers take K, M and G" {
    run -0 "$manual" run churn strategy=glibc param.ops=20K
    [[ $(field ops) == 20480 ]]
}

@test "run: threads share out a block workload, each with another seed" {
    run -0 "$manual" run churn strategy=glibc param.ops=10000
    one=$(field checksum)
    run -0 "$manual" run churn strategy=glibc param.ops=10000 threads=3
    [[ $(field status) == ok && $(field ops) == 30000 && $(field frees) == 30000 ]]
    [[ $(field remote_frees) == 0 && $(field lat_n) -gt 0 ]]
    three=$(field checksum)
    [[ $three != "$one" ]]
    run -0 "$manual" run churn strategy=glibc param.ops=10000 threads=3
    [[ $(field checksum) == "$three" ]]
}

@test "run: the processor time of the workload's threads is that of all of them" {
    for threads in 1 3; do
        run -0 "$manual" run churn strategy=glibc param.ops=300000 threads=$threads
        # nothing else runs in this process but the end of the window
        [ $(($(field mutator_cpu_ns) * 10)) -ge $(($(field cpu_ns) * 9)) ]
        [ $(($(field mutator_cpu_ns) * 10)) -le $(($(field cpu_ns) * 11)) ]
    done
}

@test "run: threads of an object workload each do all of it, each with another seed" {
    small_requests="param.requests=500 param.sessions=50"
    run -0 "$census" run requests $small_requests
    [[ $(field checksum) == 38f68bf2 ]]
    one_count=$(field alloc_count)
    run -0 "$census" run requests $small_requests threads=3
    [[ $(field status) == ok && $(field ops) == 1500 ]]
    [[ $(field alloc_count) -gt $((2 * one_count)) ]]
    three=$(field checksum)
    [[ $three != 38f68bf2 ]]
    run -0 "$manual" run requests strategy=glibc $small_requests threads=3
    [[ $(field checksum) == "$three" && $(field lat_n) == 1500 ]]
}

@test "list: an object workload says how many threads it takes" {
    run -0 "$manual" list
    [[ $output == *$'workload\tmt_gcbench\tobject\ttree\t-\t64\t'* ]]
    [[ $output == *$'workload\tgcbench\tobject\ttree\t-\t1\t'* ]]
}

@test "run: a strategy for one mutator is unsupported with two threads" {
    run -0 "$bin/heapmark-cell-refcount" run mt_gcbench $small threads=2
    [[ $(field status) == unsupported && ${lines[0]} == *"one mutator" ]]
}

@test "run: threads that a workload cannot use are unsupported, with the reason" {
    run -0 "$manual" run binary_trees strategy=glibc threads=2
    [[ $(field status) == unsupported && ${lines[0]} == *"one thread" ]]
    [[ ${lines[-1]} == end && -z $(field wall_ns) ]]
    run -0 "$manual" run churn strategy=glibc threads=257
    [[ $(field status) == unsupported && ${lines[0]} == *"more threads"* ]]
    run -0 "$manual" run mt_gcbench strategy=glibc threads=65
    [[ $(field status) == unsupported && ${lines[0]} == *"more threads"* ]]
}

@test "run: another malloc than the one named is wrong_allocator, and measures nothing" {
    skip_under_sanitizer
    run -0 "$manual" run binary_trees malloc=/bin/sh $small
    [[ $(field status) == wrong_allocator && -z $(field wall_ns) && ${lines[-1]} == end ]]
    [[ ${lines[0]} == *"not from /bin/sh"* ]]
    [[ -n $(jemalloc) ]] || skip "libjemalloc.so.2 is not installed"
    libc=$("$manual" identity)
    LD_PRELOAD=libjemalloc.so.2 run -0 "$manual" run binary_trees malloc="$libc" $small
    [[ $(field status) == wrong_allocator ]]
    run -0 "$manual" run binary_trees malloc="$(jemalloc)" $small
    [[ $(field status) == wrong_allocator ]]
}

@test "run: the malloc that was named is accepted, through a symbolic link too" {
    ln -s "$("$manual" identity)" link.so
    run -0 "$manual" run binary_trees malloc=link.so $small
    [[ $(field status) == ok && $(field malloc) == "$("$manual" identity)" ]]
    run -0 "$manual" run binary_trees strategy=mine malloc=link.so $small
    [[ $(field status) == ok ]]
    skip_under_sanitizer
    [[ -n $(jemalloc) ]] || skip "libjemalloc.so.2 is not installed"
    LD_PRELOAD=libjemalloc.so.2 run -0 "$manual" run churn malloc="$(jemalloc)" param.ops=1000
    [[ $(field status) == ok && $(field malloc) -ef $(jemalloc) ]]
}

@test "run: a library with only a part of malloc is wrong_allocator" {
    skip_under_sanitizer
    command -v cc >/dev/null || skip "no compiler"
    cat >part.c <<'C'
void *__libc_malloc(unsigned long);
void *malloc(unsigned long bytes) { return __libc_malloc(bytes); }
C
    cc -shared -fPIC -fno-builtin -o part.so part.c
    LD_PRELOAD=$PWD/part.so run -0 "$manual" run binary_trees malloc=part.so $small
    [[ $(field status) == wrong_allocator && ${lines[0]} == *"calloc comes from"* ]]
}

@test "run: the cell itself asks malloc for nothing until the workload has ended" {
    [[ -e $bin/fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    for words in "churn param.ops=20000 param.slots=10" "leak_none param.steps=20000"; do
        # shellcheck disable=SC2086
        COUNT_FILE=count LD_PRELOAD=$bin/fixtures/counting.so \
            run -0 "$manual" run $words strategy=glibc
        [[ $(awk '$1 != "free" && $1 != "free_null" { n += $2 } END { print n }' count) == 20000 ]]
        [[ $(awk '$1 == "free" { print $2 }' count) == 20000 ]]
    done
}

@test "run: memory that runs out is oom, with a complete record and no time" {
    run -0 "$nogc" run binary_trees heap_bytes=1M
    [[ $(field status) == oom && ${lines[-1]} == end && -z $(field wall_ns) ]]
    [[ ${lines[0]} == *"no room for 16 bytes within heap_bytes=1048576" ]]
    [[ $(field rss_peak_bytes) -gt 0 && $(field heap_peak_bytes) == 1048576 ]]
}

@test "run: a malloc that returns NULL is oom as well, in any thread" {
    skip_under_sanitizer
    for words in "leak_cache param.steps=10M" "churn param.slots=1M param.min_bytes=8K param.max_bytes=8K" \
        "churn param.slots=1M param.min_bytes=8K param.max_bytes=8K threads=4"; do
        # shellcheck disable=SC2086
        run -0 bash -c "ulimit -d 200000; exec '$manual' run $words strategy=glibc"
        [[ $(field status) == oom && ${lines[-1]} == end ]]
        [[ $(grep -c '^end' <<<"$output") == 1 ]]
    done
}

@test "run: a heap limit too small to begin with is oom, with the reason" {
    run -0 "$nogc" run binary_trees heap_bytes=100
    [[ $(field status) == oom && ${lines[0]} == *"below one page"* ]]
    run -0 "$nogc" run binary_trees heap_bytes=1M option.prefault=2
    [[ $(field status) == oom && ${lines[0]} == *prefault* ]]
}

@test "run: arena has no use for a workload without regions, and says so" {
    run -0 "$bin/heapmark-cell-arena" run cache
    [[ $(field status) == unsupported && ${lines[0]} == *"no phase"* ]]
    run -0 "$bin/heapmark-cell-arena" run binary_trees $small
    [[ $(field status) == ok ]]
}

@test "run: options reach the strategy" {
    run -0 "$nogc" run binary_trees $small option.prefault=64
    [[ $(field rss_base_bytes) -gt $((64 << 20)) && $(field status) == ok ]]
    run -0 "$nogc" run binary_trees $small
    [[ $(field rss_base_bytes) -lt $((64 << 20)) ]]
}

@test "run: census counts what the program needs, and its curve has the same peak" {
    run -0 "$census" run leak_cache param.steps=1000 param.bytes=256
    [[ $(field live_peak_bytes) -ge 256000 ]]
    # what the program asked for; the heap's 1x has 8 bytes more for each object
    [[ $(field live_end_bytes) -eq $(field alloc_bytes) && $(field free_count) == 0 ]]
    [[ $(field heap_1x_bytes) -eq $(($(field live_peak_bytes) + 8 * $(field alloc_count))) ]]
    [[ $(field alloc_count) -ge 1000 && $(field lost_count) == 0 ]]
    awk -F'\t' '$1 == "live" { if ($2 < last) bad = 1; last = $2; if ($3 > max) max = $3 }
                $1 == "live_peak_bytes" { peak = $2 }
                $1 == "ops" { ops = $2 }
                END { exit bad || max > peak || max < peak * 0.9 || last != ops }' <<<"$output"
}

@test "run: census tells lost objects from disposed ones" {
    # The leak is the point: a leak sanitizer must not fail the run.
    ASAN_OPTIONS=detect_leaks=0 run -0 "$census" run leak_lost param.steps=1000 param.bytes=256
    [[ $(field lost_count) -ge 999 && $(field lost_bytes) -ge 255744 ]]
    run -0 "$census" run leak_none param.steps=1000
    [[ $(field lost_count) == 0 && $(field live_end_bytes) == 0 ]]
    [[ $(field alloc_count) == 1000 && $(field free_count) == 1000 ]]
}

@test "run: census of a block workload keeps its own ledger" {
    run -0 "$census" run churn param.ops=20000 param.slots=100
    [[ $(field alloc_count) == 20000 && $(field live_end_bytes) -gt 0 ]]
    [[ $(field live_peak_bytes) -ge $(field live_end_bytes) ]]
    [[ $(field free_count) == 19900 ]]
    [[ $(field heap_1x_bytes) -eq $(field live_peak_bytes) ]]
}

@test "run: leak workloads record ten checkpoints at equal steps" {
    run -0 "$nogc" run leak_cache param.steps=100000
    awk -F'\t' '$1 == "checkpoint" { n++; if ($2 != n || $3 < n * 10000 || $3 > n * 10000 + 1000 ||
                    $4 == 0 || $5 <= heap) bad = 1; heap = $5 }
                END { exit bad || n != 10 }' <<<"$output"
    run -0 "$nogc" run leak_cache param.steps=3 # fewer steps than checkpoints
    [[ $(grep -c '^checkpoint' <<<"$output") == 10 ]]
    run -0 "$nogc" run binary_trees $small
    run ! grep '^checkpoint' <<<"$output"
}

@test "run: null has no checksum, for its blocks hold nothing" {
    run -0 "$null" run churn param.ops=10000
    [[ $(field status) == ok && -z $(field checksum) && $(field ops) == 10000 ]]
}

@test "run: the record goes where record_fd says" {
    "$manual" run binary_trees strategy=glibc $small record_fd=3 3>record >stdout
    [[ ! -s stdout && $(tail -n 1 record) == end ]]
}

@test "run: a record that cannot be written is an error, not a short record" {
    [[ -e /dev/full ]] || skip "no /dev/full"
    run -1 bash -c "'$manual' run binary_trees strategy=glibc $small 2>&1 >/dev/full"
    [[ $output == *"cannot write the record"* ]]
}

@test "run: progress holds the last phase when it ends" {
    truncate -s 4096 page
    "$manual" run binary_trees strategy=glibc $small progress_fd=3 3<>page >/dev/null
    [[ $(od -An -tu8 -N8 page | tr -d ' ') == 3 ]]
}

@test "wrong usage: exit 2 and one line that says what, on stderr only" {
    while IFS='|' read -r expected words; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr "$manual" $words
        [[ -z $output ]] || { echo "stdout for: $words"; false; }
        [[ ${#stderr_lines[@]} == 1 && $stderr == *"$expected"* ]] ||
            { echo "$words: $stderr"; false; }
    done <<'CASES'
usage:|
usage:|frobnicate
usage:|run
usage:|list extra
no workload 'nonsense'|run nonsense
unknown key 'bogus=1'|run churn strategy=glibc bogus=1
unknown key 'seed'|run churn strategy=glibc seed
say which strategy|run churn
no strategy 'gglibc'|run churn strategy=gglibc
param.depht=3: no such parameter|run binary_trees strategy=glibc param.depht=3
param.depth=99: outside 4..26|run binary_trees strategy=glibc param.depth=99
param.depth=x: not a whole number|run binary_trees strategy=glibc param.depth=x
option.nursery=1: no such option|run binary_trees strategy=glibc option.nursery=1
size=huge|run churn strategy=glibc size=huge
threads=0|run churn strategy=glibc threads=0
threads=-1: not a whole number|run churn strategy=glibc threads=-1
seed=4294967296: above 4294967295|run churn strategy=glibc seed=4294967296
verify=2: above 1|run churn strategy=glibc verify=2
heap_bytes=1X: not a whole number|run churn strategy=glibc heap_bytes=1X
malloc=/no/such/file: No such file|run churn malloc=/no/such/file
input_dir=/no/such/folder: No such file|run churn strategy=glibc input_dir=/no/such/folder
input_dir=/bin/sh: Not a directory|run churn strategy=glibc input_dir=/bin/sh
record_fd=99: no such open file|run churn strategy=glibc record_fd=99
progress_fd=0: not a file of at least one page|run churn strategy=glibc progress_fd=0
CASES
}
