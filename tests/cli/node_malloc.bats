#!/usr/bin/env bats
# Another malloc under Node.js: which one it is, and whether memory comes back.  node.bats has
# the rest of that cell.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    cell=$bin/heapmark-cell-node
    cd "$BATS_TEST_TMPDIR"
    ulimit -c 0
    command -v node >/dev/null || skip "there is no node: install nodejs"
}

skip_under_sanitizer() {
    [[ -e $bin/libhm_threadcache.so ]] || skip "no malloc of our own (sanitizer build)"
}

field() {
    awk -F'\t' -v name="$1" '$1 == name { print $2; exit }' <<<"$output"
}

# A malloc of our own: it is there wherever this is built.
threadcache() {
    realpath "$bin"/libhm_threadcache.so
}

# The record of a small run with our malloc under it, and these words.
with_threadcache() {
    LD_PRELOAD=$(threadcache) run -0 "$cell" run requests strategy=node param.requests=100 "$@"
}

@test "malloc is what the calls of the process of Node.js lead to, not a stub in its program" {
    skip_under_sanitizer
    run -0 "$cell" run requests strategy=node param.requests=100
    [[ $(field status) == ok && $(field malloc) == */libc.so* ]]
    with_threadcache
    [[ $(field status) == ok && $(field malloc) == "$(threadcache)" ]]
    with_threadcache malloc="$(threadcache)"
    [[ $(field status) == ok ]]
}

@test "a library that does not reach Node.js itself is told before anything runs" {
    skip_under_sanitizer
    # it loses what was preloaded between the launcher and the program that it becomes
    mkdir fake
    printf '#!/bin/sh\nexec env -u LD_PRELOAD %s "$@"\n' "$(command -v node)" >fake/node
    chmod +x fake/node
    PATH=$PWD/fake:$PATH with_threadcache malloc="$(threadcache)"
    [[ $(field status) == wrong_allocator && $output == *"malloc comes from "*libc.so*"not from"* ]]
    [[ ${lines[-1]} == end && $output != *checksum* ]]
}

@test "buffer_churn: the same work as in C, and what is resident when all was dropped" {
    words="param.buffers=2000 param.ops=8000 param.watch_ms=100"
    # shellcheck disable=SC2086
    run -0 "$bin/heapmark-cell-manual" run buffer_churn strategy=glibc $words
    want=$(field checksum)
    # shellcheck disable=SC2086
    run -0 "$cell" run buffer_churn strategy=node $words
    [[ $(field checksum) == "$want" ]]
    figures=$(awk -F'\t' '$1 == "figure" { print $2 }' <<<"$output" | tr '\n' ' ')
    [[ $figures == "rss_0ms_bytes rss_100ms_bytes rss_trimmed_bytes " ]]
    # 16 MiB of buffers were held, and the C library gives them back when it is asked to
    awk -F'\t' '$1 == "figure" { at[$2] = $3 }
        END { exit !(at["rss_trimmed_bytes"] + 10e6 < at["rss_0ms_bytes"]) }' <<<"$output"
}

@test "a variant with preload: the rows say which malloc, the figures are charted" {
    skip_under_sanitizer
    cat >suite.ini <<'SUITE'
[suite]
workloads = buffer_churn
strategies = glibc
strategies.object = node node_threadcache
[workload buffer_churn]
buffers = 2000
ops = 8000
watch_ms = 20
[variant node_threadcache]
strategy = node
preload = threadcache
SUITE
    run -0 "$bin/heapmark" run --suite suite.ini --out c --blocks 1
    [[ $(column c/runs.csv status strategy node_threadcache) == ok ]]
    [[ $(column c/runs.csv malloc_path strategy node_threadcache) == libhm_threadcache.so ]]
    [[ $(column c/runs.csv version strategy node_threadcache) == v*V8*"; threadcache "* ]]
    [[ $(column c/runs.csv malloc_path strategy node) == */libc.so* ]]
    grep -q ',node_threadcache,.*preload=threadcache;' c/plan.csv
    grep -q '^buffer_churn,node_threadcache,0s,[0-9]' c/drain.csv
    # the C library can be asked to trim; our malloc cannot, and is not charged with that
    grep -q '^buffer_churn,node,trim,[0-9]' c/drain.csv
    grep -q '^buffer_churn,node_threadcache,trim,NaN,NaN,NaN,ok,0$' c/drain.csv
    run -0 "$bin/heapmark" run --resume c
    [[ $(grep -c node_threadcache c/runs.csv) == 1 ]]
}

@test "a preload that cannot be is one clear line" {
    while IFS='|' read -r strategy preload expected; do
        printf '[suite]\nworkloads = requests\nstrategies = v\n[variant v]\nstrategy = %s\npreload = %s\n' \
            "$strategy" "$preload" >bad.ini
        run -2 --separate-stderr "$bin/heapmark" run --suite bad.ini --out d
        [[ ${#stderr_lines[@]} == 1 && $stderr == *"$expected"* && ! -e d ]] || { echo "$stderr"; false; }
    done <<'CASES'
node|jemaloc|unknown strategy 'jemaloc' (did you mean 'jemalloc'?)
node|node|variant v: node is no malloc to preload
glibc|jemalloc|variant v: glibc is a malloc itself
CASES
}
