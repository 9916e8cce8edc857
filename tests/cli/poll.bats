#!/usr/bin/env bats
# Turns: a strategy may work between two operations, as an event loop lets V8.

bats_require_minimum_version 1.5.0
load driver.bash
load record.bash

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

# What must not depend on turns.
facts() {
    grep -E '^(status|checksum|counter|ops|lat_n)' <<<"$output" | sort
}

@test "turns leave the work as it is, for every cell" {
    while read -r words; do
        for cell in "$bin"/heapmark-cell-*; do
            name=${cell##*/heapmark-cell-}
            case $name in
            null | musl | arena) continue ;; # not these workloads, or the manual cell once more
            node) command -v node >/dev/null || continue ;;
            manual) name=glibc ;;
            census) name= ;;
            esac
            # shellcheck disable=SC2086
            set -- "$cell" run $words ${name:+strategy=$name}
            run -0 "$@"
            want=$(facts)
            [[ $want == *checksum*status*ok* ]] || { echo "$*: $output"; false; }
            run -0 "$@" poll_us=1
            [[ $(facts) == "$want" ]] || { echo "$* poll_us=1: $(facts), not $want"; false; }
        done
    done <<'WORK'
requests param.requests=300 param.sessions=20
connections param.connections=50 param.events=1000
cache param.keys=4096 param.budget=262144 param.ops=5000 param.set=10
WORK
}

@test "a collection in a turn finds all that is needed" {
    words="param.requests=100 param.sessions=20 stress_bytes=16K verify=1"
    for collector in generational incremental concurrent refcount refcount_cycle bdwgc_incremental; do
        [[ -x $bin/heapmark-cell-$collector ]] || continue # only where libgc is
        # shellcheck disable=SC2086
        run -0 "$bin/heapmark-cell-$collector" run requests $words
        want=$(facts)
        # shellcheck disable=SC2086
        run -0 "$bin/heapmark-cell-$collector" run requests $words poll_us=1
        [[ $(facts) == "$want" ]] || { echo "$collector: $(facts), not $want"; false; }
    done
}

@test "a nursery that is four fifths full is collected in a turn: more often than without" {
    run -0 "$bin/heapmark-cell-generational" run requests param.requests=5000 param.sessions=20
    without=$(field collections)
    run -0 "$bin/heapmark-cell-generational" run requests param.requests=5000 param.sessions=20 poll_us=1
    [[ $without -gt 0 && $(field collections) -gt $without ]]
}

@test "the event loop of Node.js turns every so many microseconds, that of node_loop by itself" {
    mkdir fake
    printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >fake/node
    chmod +x fake/node
    PATH=$PWD/fake:$PATH
    while read -r us words; do
        # shellcheck disable=SC2086
        run -0 "$bin/heapmark-cell-node" run $words
        [[ $(grep -x 'poll_us=.*' <<<"$output") == "poll_us=$us" ]] || { echo "$words: $output"; false; }
    done <<'TURNS'
0 requests strategy=node
0 requests strategy=node_1gc
50 requests strategy=node poll_us=50
200 requests strategy=node_loop
200 binary_trees strategy=node_loop
1000 requests strategy=node_loop poll_us=1000
TURNS
}

@test "workloads without turns, and times that are none, are refused" {
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run binary_trees strategy=glibc poll_us=10
    [[ $stderr == *"poll_us=10: binary_trees has no turns between its operations" ]]
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run churn strategy=glibc poll_us=10
    [[ $stderr == *"churn has no turns"* ]]
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run requests strategy=glibc poll_us=1000001
    [[ $stderr == *"poll_us=1000001: above 1000000" ]]
}

@test "run --poll: what has turns gets them, a variant its own; the plan says which" {
    cat >suite.ini <<'SUITE'
[suite]
workloads = alpha, beta
strategies = well, capped, often
blocks = 1
[variant often]
strategy = capped
poll_us = 7
SUITE
    run -0 "$heapmark" run --suite suite.ini --poll 200 --out c
    poll_of() { # WORKLOAD STRATEGY: what the cell was given
        column c/runs.csv figures workload "$1" strategy "$2" | sed -n 's/.*poll=\([0-9]*\).*/\1/p' | sort -u
    }
    [[ $(poll_of alpha well) == 200 && $(poll_of alpha capped) == 200 && $(poll_of alpha often) == 7 ]]
    [[ -z $(poll_of beta well) && -z $(poll_of beta often) ]]
    [[ $(column c/plan.csv settings workload alpha strategy well) == "poll_us=200;" ]]
    [[ $(column c/plan.csv settings workload alpha strategy often) == "poll_us=7;" ]]
    grep -qx 'poll_us = 200' c/suite.ini
    run -0 "$heapmark" run --suite suite.ini --out d
    [[ -z $(column d/plan.csv settings workload alpha strategy well) ]]
}

@test "--poll that nothing heeds, or that is no time, is one clear line" {
    run -2 --separate-stderr "$heapmark" run --workload beta --poll 200 --out c
    one_complaint "--poll 200: none of these workloads has operations that arrive"
    run -2 --separate-stderr "$heapmark" run --poll often --out c
    one_complaint "--poll 'often' is no number of microseconds from 0 to 1000000"
    [[ ! -e c ]]
}
