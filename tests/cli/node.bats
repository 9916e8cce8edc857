#!/usr/bin/env bats
# heapmark-cell-node: V8 as a cell of docs/protocol.md.  cell.bats has what all cells share.

bats_require_minimum_version 1.5.0
load driver.bash
load record.bash

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    manual=$bin/heapmark-cell-manual
    cell=$bin/heapmark-cell-node
    cd "$BATS_TEST_TMPDIR"
    ulimit -c 0
}

need_node() {
    command -v node >/dev/null || skip "there is no node: install nodejs"
}

# A `node` that prints its arguments, one a line, for tests of the command line alone.
fake_node() {
    mkdir -p fake
    printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >fake/node
    chmod +x fake/node
    PATH=$PWD/fake:$PATH
}

# What every strategy must agree on.
facts() {
    grep -E '^(status|checksum|counter|ops)' <<<"$output" | sort
}

workloads() {
    "$cell" list | awk -F'\t' '$1 == "workload" { print $2 }'
}

# The small parameters of a workload, as words for `run`.
small() {
    sed -n "s/^$1 / /p" "$BATS_TEST_DIRNAME/../fixtures/small_sizes.txt" | sed 's/ \([a-z]\)/ param.\1/g'
}

# same "STRATEGY..." WORKLOAD WORDS...: the C program and these strategies agree.
same() {
    local strategies=$1 workload=$2 want
    shift 2
    run -0 "$manual" run "$workload" strategy=glibc "$@"
    want=$(facts)
    [[ $want == *checksum*status*ok* ]]
    for strategy in $strategies; do
        run -0 "$cell" run "$workload" strategy="$strategy" "$@"
        [[ $(facts) == "$want" ]] || { echo "$strategy: $workload $*: $(facts), not $want"; return 1; }
    done
}

@test "list: three strategies that obey a limit, the C program's workloads and parameters" {
    run -0 "$cell" list
    [[ $(grep -cP '^strategy\tnode(_1gc|_loop)?\tcollector\t\tnodejs\tcounting\t' <<<"$output") == 3 ]]
    [[ $(grep -cP '^option\tnode_loop\t' <<<"$output") == 5 ]]
    for workload in requests cache binary_trees gcbench large_objects file_stream splay leak_none \
        leak_cache leak_lost deep_list message_channel connections file_whole stack_heap \
        leak_listener leak_closure leak_timer leak_cycle leak_view leak_false leak_window buffer_churn quads cycles wide_array lru_old_young; do
        grep -qP "^workload\t$workload\tobject\t" <<<"$output"
    done
    grep -P '^(workload|param)\t' <<<"$output" >ours
    "$manual" list >theirs
    [[ -z $(grep -vFxf theirs ours) ]]
}

@test "every workload has the checksum, the counters and the operations of the C program" {
    need_node
    for workload in $(workloads); do
        words=$(small "$workload")
        [[ -n $words ]] || { echo "$workload has no line in small_sizes.txt"; false; }
        # shellcheck disable=SC2086
        same "node node_1gc node_loop" "$workload" $words
    done
}

@test "the same for parameters that change what is done" {
    need_node
    for words in "binary_trees param.depth=9 param.step=2" "gcbench param.depth=7 param.stretch=0" \
        "cache param.keys=4096 param.budget=262144 param.ops=20000 param.set=35" \
        "connections param.connections=7 param.events=500" "leak_connection param.steps=999 param.errors=50" \
        "stack_heap param.depth=9 param.variant=5 param.levels=20000" "stack_heap param.variant=1 param.depth=13" \
        "cache param.keys=4096 param.budget=262144 param.ops=20000 param.set=10 param.ttl=3000" \
        "cache param.keys=4096 param.budget=1M param.ops=20000 param.sizes=1 param.zipf=5" \
        "large_objects param.steps=100 param.slots=8 param.growth=1" "leak_lost param.steps=1000 param.twin=1" \
        "stack_heap param.depth=13 param.variant=0" "stack_heap param.depth=13 param.variant=2" \
        "stack_heap param.depth=13 param.variant=4" "stack_heap param.depth=13 param.variant=5 param.levels=2000" \
        "leak_cache param.steps=3000 param.twin=1" \
        "message_channel param.window=100 param.pushes=1000 param.bytes=100 param.structure=0" \
        "message_channel param.window=100 param.pushes=1000 param.bytes=7 param.structure=2" \
        "message_channel param.window=100 param.pushes=50" "deep_list param.nodes=255 param.rounds=3" \
        "quads param.depth=3 param.garbage=1" "cycles param.nodes=999 param.length=1 param.kept=3" \
        "cycles param.nodes=9999 param.length=700" "wide_array param.refs=1 param.ops=99 param.garbage=0" \
        "lru_old_young param.capacity=3 param.keys=1 param.ops=500 param.update=100" \
        "leak_false param.steps=3000 param.bytes=8" "leak_window param.steps=3000 param.window=1" \
        "buffer_churn param.buffers=1 param.ops=999 param.max_bytes=64 param.watch_ms=0" \
        "leak_cache param.steps=3000 param.bytes=8" "splay param.keys=1 param.ops=50"; do
        # shellcheck disable=SC2086
        same node $words seed=4294967295
    done
}

@test "the leaks' twins, which do not leak: the same results; what is kept is let go" {
    need_node
    for workload in $(workloads); do
        [[ $workload == leak_* && $workload != leak_none ]] || continue
        words=$(small "$workload")
        # shellcheck disable=SC2086
        same node "$workload" $words param.twin=1
    done
    # a megabyte a step, as Buffers: outside of the heap, but in the resident set
    run -0 "$cell" run leak_view strategy=node param.steps=100
    grown=$(field rss_end_bytes)
    run -0 "$cell" run leak_view strategy=node param.steps=100 param.twin=1
    [[ $grown -gt $(($(field rss_end_bytes) + 30000000)) ]]
}

@test "a twin reads every parameter of its workload, or says that it makes no difference" {
    "$cell" list | awk -F'\t' '$1 == "param" { print $2, $3 }' >params
    [[ $(wc -l <params) -gt 50 ]]
    while read -r workload name; do
        grep -qw -- "$name" "$bin/node/workloads/$workload.mjs" ||
            grep -qsw -- "$name" "$bin/node/${workload%%_*}"*.mjs || { echo "$workload $name"; false; }
    done <params
}

@test "the small runs of the workloads' definition" {
    need_node
    while read -r sum words; do
        # shellcheck disable=SC2086
        run -0 "$cell" run $words strategy=node
        [[ $(field checksum) == "$sum" ]] || { echo "$words: $(field checksum), not $sum"; false; }
    done <<'RUNS'
e1a83f5e binary_trees param.depth=10
c0ad1c3d binary_trees param.depth=10 param.step=2
3e49b957 splay param.keys=500 param.ops=2000
38f68bf2 requests param.requests=500 param.sessions=50
dcbee2fc file_stream param.bytes=65536 param.passes=1
cc636c56 large_objects param.steps=100 param.slots=8
6b4e17b7 cache param.keys=4096 param.budget=262144 param.ops=50000 param.set=3
RUNS
}

@test "a collection while the record is written harms nothing: deep recursion in 4 MiB" {
    need_node
    run -0 "$cell" run stack_heap strategy=node_1gc param.variant=3 heap_bytes=4194304
    [[ ${lines[-1]} == end && $(field status) == ok && $(field collections) -gt 0 ]]
}

@test "payloads in Buffers, other generations, full collections only: the same results" {
    need_node
    for workload in requests cache message_channel leak_lost; do
        words=$(small "$workload")
        # shellcheck disable=SC2086
        run -0 "$manual" run "$workload" strategy=glibc $words
        want=$(facts)
        for option in buffers=on nursery_max=1M old_space=200 gc_global=on; do
            # shellcheck disable=SC2086
            run -0 "$cell" run "$workload" strategy=node option.$option $words
            [[ $(facts) == "$want" ]]
        done
    done
}

@test "a record has what the protocol asks of a collector, and its parts agree" {
    need_node
    run -0 "$cell" run requests strategy=node param.requests=3000 param.sessions=200 option.nursery_max=1M
    [[ ${lines[-1]} == end && $(field malloc) == */lib* ]]
    for name in ops wall_ns cpu_ns mutator_cpu_ns user_ns sys_ns minflt majflt nvcsw nivcsw rss_base_bytes \
        rss_peak_bytes rss_end_bytes rss_drained_bytes lat_n lat_max_ns clock_cost_ns collections pauses \
        pause_total_ns pause_max_ns pause_p50_ns pause_p99_ns heap_peak_bytes; do
        [[ $(field $name) =~ ^[0-9]+$ ]] || { echo "no $name"; false; }
    done
    awk -F'\t' '
        { v[$1] = $2 }
        $1 == "window" { start = $2; end = $3 }
        $1 == "hist" { n += $4; if ($2 > $3 || $2 <= last) bad = "buckets"; last = $3
                       width = $3 - $2 + 1
                       if (width > 1 ? $2 / width < 128 || $2 / width > 255 : $2 > 255) bad = "bucket " $2 }
        $1 == "pause" { pauses++; total += $3; at[pauses] = $2 }
        END {
            for (i in at) if (at[i] < start || at[i] > end) bad = "pause outside"
            if (n != v["lat_n"] || n != 3000) bad = "samples"
            if (end - start != v["wall_ns"]) bad = "window"
            if (pauses != v["pauses"] || pauses == 0) bad = "pauses"
            if (total > v["pause_total_ns"] || v["pause_total_ns"] > v["wall_ns"]) bad = "pause times"
            if (v["mutator_cpu_ns"] > v["cpu_ns"] || v["mutator_cpu_ns"] == 0) bad = "processor time"
            if (v["rss_peak_bytes"] < v["rss_base_bytes"]) bad = "peak"
            if (bad) { print bad; exit 1 }
        }' <<<"$output"
}

@test "collections are those that perf_hooks has, and take no room in the heap they are of" {
    need_node
    node --expose-gc --max-semi-space-size=1 --input-type=module -e "
        import { openSync, readFileSync } from 'node:fs';
        import { PerformanceObserver } from 'node:perf_hooks';
        import { countCollections, watchCollections, writeCollections } from '$bin/node/native.mjs';
        const seen = [], word = { 1: 'minor', 2: 'minor', 4: 'full' };
        new PerformanceObserver((list) => seen.push(...list.getEntries()))
            .observe({ entryTypes: ['gc'] });
        if (watchCollections() !== '')
            throw new Error('no functions');
        countCollections('on');
        for (let i = 0, kept = []; i < 1e6; i++)
            kept[i % 1000] = { i };
        gc();
        countCollections();
        if (writeCollections(String(openSync('lines', 'w'))) !== '')
            throw new Error('not written');
        setTimeout(() => {
            const ours = readFileSync('lines', 'latin1').split('\\n')
                .filter((line) => /^pause\\t.*(minor|full)/.test(line))
                .map((line) => line.split('\\t')[3]);
            const kinds = seen.map((entry) => word[entry.detail.kind])
                .filter((kind) => kind !== undefined).slice(0, ours.length);
            if (ours.length < 5 || kinds.join() !== ours.join())
                throw new Error('perf_hooks ' + kinds + ', here ' + ours);
        }, 100);"
    # thousands of them
    run -0 "$cell" run stack_heap strategy=node heap_bytes=8M
    [[ $(field status) == ok && $(field collections) -gt 1000 ]]
}

@test "collections are told apart; those before the window do not count" {
    need_node
    run -0 "$cell" run requests strategy=node param.requests=2000 option.nursery_max=1M
    grep -qP '^pause\t\d+\t\d+\tminor$' <<<"$output"
    run -0 "$cell" run requests strategy=node param.requests=2000 option.nursery_max=1M option.gc_global=on
    grep -qP '^pause\t\d+\t\d+\tfull$' <<<"$output"
    run ! grep -qP '^pause\t\d+\t\d+\tminor$' <<<"$output"
    run -0 "$cell" run deep_list strategy=node param.nodes=1 param.rounds=1
    [[ $(field pauses) == 0 && $(field collections) == 0 && $(field status) == ok ]]
}

@test "V8 makes the objects that nobody keeps, too" {
    need_node
    # each of 1M of semispace: 48 bytes a leaf, 32 a node; without them 16 and 71
    run -0 "$cell" run wide_array strategy=node_1gc param.refs=1000 option.nursery_max=1M
    [[ $(field collections) -gt 100 ]]
    run -0 "$cell" run leak_cycle strategy=node_1gc param.steps=500000 param.bytes=64 option.nursery_max=1M
    [[ $(field collections) -gt 90 ]]
}

@test "payloads cost the same after a large one" {
    need_node
    node --allow-natives-syntax --input-type=module -e "
        import { newPayload, shortTemplates } from '$bin/node/payload.mjs';
        for (const bytes of [54390, 8, 200000, 16])
            newPayload(bytes, 1);
        if (%HasDictionaryElements(shortTemplates))
            throw new Error('a dictionary');"
}

@test "the histogram's buckets hold their values, in all of its range" {
    need_node
    node --input-type=module -e "
        import { bucketOf, highNs, Histogram, lowNs } from '$bin/node/histogram.mjs';
        for (let v = 0; v < 2 ** 40; v = Math.floor(v * 1.003) + 1) {
            const b = bucketOf(v);
            if (lowNs(b) > v || v > highNs(b) || highNs(b) + 1 !== lowNs(b + 1) ||
                highNs(b) - lowNs(b) > v / 128)
                throw new Error('value ' + v + ' in bucket ' + b);
        }
        const h = new Histogram();
        for (let v = 1; v <= 100; v++)
            h.add(v);
        h.add(2 ** 41);
        if (h.maxNs !== 2 ** 40 - 1 || h.n !== 101)
            throw new Error('values beyond the range');"
}

@test "a queue that grows from the half on is saturated, as in C" {
    need_node
    node --input-type=module -e "
        import { Schedule } from '$bin/node/schedule.mjs';
        const s = new Schedule(10);
        Object.assign(s, { arrivalMs: 10000, served: 100, idle: 52, lateMs: 1000 });
        if (s.isSaturated)
            throw new Error('a tenth is not yet too late');
        s.lateMs = 1330;
        if (!s.isSaturated)
            throw new Error('1.33 s of 10 s are too late');"
}

@test "the generator and the hash give the published values" {
    need_node
    run -0 node --input-type=module -e "
        import { fin, mix, Rng } from '$bin/node/rng.mjs';
        const rng = new Rng(42), other = new Rng(42), hex = (x) => (x >>> 0).toString(16);
        console.log(hex(rng.next()), hex(rng.next()), other.below(1000), other.below(1000));
        console.log(fin(1).toString(16), fin(-1).toString(16));
        let h = 0;
        for (let i = 1; i <= 5; i++)
            h = mix(h, i);
        console.log(fin(h).toString(16));"
    [[ ${lines[0]} == "ac1d074d 88adc8db 672 533" ]]
    [[ ${lines[1]} == "514e28b7 81f16f39" && ${lines[2]} == 38eb041f ]]
}

@test "V8 keeps what is reachable, by a shared context or a view as well; a twin keeps nothing" {
    need_node
    # what a collection leaves at the last checkpoint, with what buffers hold
    held() {
        run -0 "$cell" run "$@" strategy=node option.nursery_max=1M
        awk -F'\t' '$1 == "checkpoint" { last = $5 } END { print last }' <<<"$output"
    }
    for words in "leak_listener param.steps=100000" "leak_closure param.steps=30000" \
        "leak_timer param.steps=100000" "leak_thread param.steps=100000" "leak_view param.steps=150"; do
        # shellcheck disable=SC2086
        [[ $(held $words) -gt $((2 * $(held $words param.twin=1))) ]] || { echo "$words"; false; }
    done
    for words in leak_cycle leak_connection "leak_chain param.length=1000" leak_false leak_window; do
        # shellcheck disable=SC2086
        [[ $(held $words param.steps=100000) -lt 20000000 ]] || { echo "$words"; false; }
    done
}

@test "leak workloads: ten checkpoints, with V8's own figures; what is reachable grows" {
    need_node
    run -0 "$cell" run leak_cache strategy=node param.steps=100000
    awk -F'\t' '$1 == "checkpoint" { n++; live[n] = $5; heap[n] = $6
                    if ($2 != n || $3 < n * 10000 || $3 > n * 10000 + 1000 || $4 == 0) bad = 1 }
                $1 == "v8_checkpoint" { own++; if ($2 != own || heap[own] != $4 + $5 || live[own] != $3 + $5) bad = 1 }
                END { exit bad || n != 10 || own != 10 || live[10] < live[1] + 20e6 || live[10] > heap[10] }' <<<"$output"
    run -0 "$cell" run leak_lost strategy=node param.steps=100000
    awk -F'\t' '$1 == "checkpoint" { n++; if ($5 > 10e6) bad = 1 } END { exit bad || n != 10 }' <<<"$output"
    run -0 "$cell" run leak_none strategy=node param.steps=3
    [[ $(grep -c '^checkpoint' <<<"$output") == 10 ]]
}

@test "the input file is the one that the C program makes" {
    need_node
    mkdir js c
    run -0 "$cell" run file_stream strategy=node param.bytes=200000 param.passes=1 input_dir=js
    run -0 "$manual" run file_stream strategy=glibc param.bytes=200000 param.passes=1 input_dir=c
    diff -r js c
    [[ $(ls js) == lines-*-1.csv ]]
}

@test "record and progress go where they are told to" {
    need_node
    truncate -s 4096 page
    "$cell" run deep_list strategy=node param.nodes=1000 record_fd=3 progress_fd=4 3>record 4<>page >stdout
    [[ ! -s stdout && $(tail -n 1 record) == end ]]
    [[ $(od -An -tu8 -N8 page | tr -d ' ') == 3 ]]
    [[ -e /dev/full ]] || skip "no /dev/full"
    run -1 bash -c "'$cell' run leak_none strategy=node param.steps=1 2>&1 >/dev/full"
    [[ $output == *"cannot write the record"* ]]
}

@test "the heap limit and the options become V8's flags" {
    fake_node
    while read -r flags words; do
        # shellcheck disable=SC2086
        run -0 "$cell" run requests strategy=node $words
        got=$(grep -oE -- '^--(min|max)-.*' <<<"$output" | tr '\n' ' ')
        [[ ${got// /} == "${flags//,/}" ]] || { echo "$words: $got"; false; }
    done <<'LIMITS'
, threads=1
--max-semi-space-size=1,--max-old-space-size=9 heap_bytes=8M
--max-semi-space-size=4,--max-old-space-size=56 heap_bytes=64M
--max-semi-space-size=16,--max-old-space-size=980 heap_bytes=1G
--max-semi-space-size=1,--max-old-space-size=5 heap_bytes=100K
--max-semi-space-size=2,--max-old-space-size=62 heap_bytes=64M option.nursery_max=2M
--max-semi-space-size=4,--max-old-space-size=70 heap_bytes=64M option.old_space=70
--max-semi-space-size=64 option.nursery_max=64M
--min-semi-space-size=4,--max-semi-space-size=4 option.nursery_min=4M option.nursery_max=4M
--min-semi-space-size=1,--max-semi-space-size=4,--max-old-space-size=56 heap_bytes=64M option.nursery_min=1 option.nursery_max=3M
--max-old-space-size=300 option.old_space=300
LIMITS
    run ! grep -qE -- '--(single-threaded-gc|gc-global)' <<<"$output"
    run -0 "$cell" run requests strategy=node_1gc option.gc_global=1
    [[ $output == *--single-threaded-gc* && $output == *--gc-global* ]]
    [[ $output == *"$bin/node/cell.mjs"* && $output == *strategy=node_1gc* ]]
    [[ $output == *param.requests=20000* && $output == *option.gc_global=1* ]]
}

@test "threads, and another malloc than the one named, are refused before V8 starts" {
    run -0 env PATH=/nonexistent "$cell" run requests strategy=node threads=2
    [[ $(field status) == unsupported && ${lines[-1]} == end ]]
    run -0 env PATH=/nonexistent "$cell" run requests malloc=/bin/sh
    [[ $(field status) == wrong_allocator ]]
}

@test "without node: listed all the same, off with what to install, and one line when run" {
    run -0 env PATH=/nonexistent "$cell" list
    [[ $output == *$'strategy\tnode\t'* ]]
    run -1 --separate-stderr env PATH=/nonexistent "$cell" run requests strategy=node
    [[ ${#stderr_lines[@]} == 1 && $stderr == *"cannot run node: No such file or directory; install nodejs" ]]
    run -1 --separate-stderr env PATH=/nonexistent "$cell" identity
    [[ $stderr == *"install nodejs" ]]
    run -0 env PATH=/nonexistent "$bin/heapmark" list strategies
    [[ $output =~ node_loop\ +off\ +collector\ +install\ nodejs: ]]
}

@test "wrong usage is told as by every cell" {
    while IFS='|' read -r expected words; do
        # shellcheck disable=SC2086
        run -2 --separate-stderr "$cell" $words
        [[ -z $output && ${#stderr_lines[@]} == 1 && $stderr == *"$expected"* ]] ||
            { echo "$words: $stderr"; false; }
    done <<'CASES'
say which strategy|run requests
no strategy 'nodejs'|run requests strategy=nodejs
no workload 'churn'|run churn strategy=node
param.depht=3: no such parameter|run binary_trees strategy=node param.depht=3
option.nursery=1: no such option|run requests strategy=node option.nursery=1
option.nursery_max=2G: outside 0..1073741824|run requests strategy=node option.nursery_max=2G
CASES
}

@test "identity: malloc's file, then the version of Node.js and V8" {
    need_node
    run -0 "$cell" identity
    [[ ${#lines[@]} == 2 && ${lines[0]} == "$("$manual" identity)" ]]
    [[ ${lines[1]} =~ ^v[0-9.]+\ \(V8\ [0-9] ]]
}

@test "a campaign: versions, verdicts on leaks, and a heap that is too small is oom" {
    need_node
    run -0 "$bin/heapmark" run --out c --blocks 3 --strategy node,node_loop \
        --workload leak_none,leak_cache,leak_lost,leak_closure,leak_timer,leak_cycle
    [[ $(column c/runs.csv status strategy node | sort -u) == ok ]]
    [[ $(column c/runs.csv version strategy node | sort -u) == v*V8* ]]
    # V8 sizes its heap by time, too; what a collection leaves does not depend on that.
    for id in node node_loop; do
        paste -d ' ' <(column c/runs.csv workload strategy $id) <(column c/runs.csv leak_verdict strategy $id) \
            <(column c/runs.csv leak_expected strategy $id) | sort | uniq -c >verdicts
        cat verdicts
        awk '$3 == $4 && $1 == 3 { right[$4]++; n++ }
            END { exit !(n == 6 && right["logical"] == 3 && right["none"] == 3) }' verdicts
    done
    run "$bin/heapmark" run --out d --blocks 1 --workload deep_list --strategy node --heap 1,20
    [[ $(column d/runs.csv status strategy node | tr '\n' ' ') =~ ^(oom\ ok|ok\ oom)\ $ ]]
    [[ $(column d/runs.csv reason strategy node) == *"heap out of memory"* ]]
}

@test "a workload without a twin in JavaScript is unsupported, with the reason" {
    need_node
    run "$bin/heapmark" run --out c --blocks 1 --workload weak_table --strategy node
    grep -q 'node,.*unsupported,the cell of node does not have weak_table' c/runs.csv
}
