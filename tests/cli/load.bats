#!/usr/bin/env bats
# Open loops: arrivals at a share of what the baseline serves.

bats_require_minimum_version 1.5.0
load driver.bash
load record.bash

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

# What must not depend on when the operations arrive.
facts() {
    grep -E '^(checksum|counter|ops|lat_n)' <<<"$output" | sort
}

# cells: those to try; node only where there is one.
cells() {
    echo manual:glibc census: semispace:semispace generational:generational concurrent:concurrent
    if command -v node >/dev/null; then echo node:node node:node_loop; fi
}

# in_time CELL WORDS...: an open loop that the machine has time for, at the latest in the
# fifth try.
in_time() {
    for _ in 1 2 3 4 5; do
        run -0 "$@"
        [ "$(field status)" != saturated ] || continue
        return 0
    done
    echo "saturated five times: $*"
    return 1
}

@test "the same checksum, counters and samples in an open loop as in a closed one" {
    while read -r rate words; do
        for pair in $(cells); do
            strategy=${pair#*:}
            # shellcheck disable=SC2086
            set -- "$bin/heapmark-cell-${pair%:*}" run $words ${strategy:+strategy=$strategy}
            run -0 "$@"
            want=$(facts)
            [[ $want == *checksum* ]]
            in_time "$@" rate_per_s="$rate"
            [[ $(field status) == ok && $(facts) == "$want" ]] || { echo "$*: $output"; false; }
        done
    done <<'WORK'
1000 requests param.requests=300 param.sessions=20
20000 connections param.connections=50 param.events=3000
20000 cache param.keys=4096 param.budget=262144 param.ops=5000 param.set=10
WORK
}

@test "what arrives in an open loop waits for its time: the window is that of the schedule" {
    in_time "$bin/heapmark-cell-manual" run requests strategy=glibc param.requests=50 rate_per_s=500
    [[ $(field status) == ok && $(field wall_ns) -ge 98000000 ]]
}

@test "an event loop that waits for arrivals leaves little garbage: hardly more collections than without" {
    command -v node >/dev/null || skip "there is no node: install nodejs"
    set -- "$bin/heapmark-cell-node" run requests strategy=node_loop param.requests=3000
    run -0 "$@"
    without=$(field collections)
    in_time "$@" rate_per_s=1000
    [[ $without -gt 0 && $(field collections) -le $((3 * without)) ]] # one turn after another: ten times
}

@test "two threads share the arrivals" {
    in_time "$bin/heapmark-cell-semispace" run requests param.requests=200 param.sessions=20 threads=2 \
        rate_per_s=2000
    [[ $(field status) == ok && $(field lat_n) == 400 && $(field wall_ns) -ge 195000000 ]]
}

@test "collections while it waits find all that is needed" {
    words="param.requests=100 param.sessions=20 stress_bytes=16K verify=1"
    for collector in semispace generational concurrent refcount_cycle; do
        # shellcheck disable=SC2086
        run -0 "$bin/heapmark-cell-$collector" run requests $words
        want=$(facts)
        # shellcheck disable=SC2086
        in_time "$bin/heapmark-cell-$collector" run requests $words rate_per_s=200
        [[ $(facts) == "$want" ]]
    done
}

@test "more than can be served is saturated, and has no time, checksum or latency" {
    for pair in $(cells); do
        strategy=${pair#*:}
        run -0 "$bin/heapmark-cell-${pair%:*}" run requests ${strategy:+strategy=$strategy} param.requests=2000 \
            rate_per_s=1000000000
        [[ $(field status) == saturated && $(field ops) == 2000 && ${lines[-1]} == end ]]
        grep -qP '^status\tsaturated\tmore arrived than it could serve: no wait after \d+ of 2000 arrivals; \d+ us late at the end$' <<<"$output"
        run ! grep -E '^(wall_ns|checksum|hist|lat_n)' <<<"$output"
    done
}

@test "a closed loop has metered latency of every sample, never less than it took; an open one has none" {
    for pair in $(cells); do
        strategy=${pair#*:}
        run -0 "$bin/heapmark-cell-${pair%:*}" run requests ${strategy:+strategy=$strategy} param.requests=3000
        awk -F'\t' '$1 == "hist" { n += $4; most = $3 }
                    $1 == "metered" { m += $4; if ($2 <= last) bad = 1; last = $3 }
                    END { exit bad || n != 3000 || m != 3000 || last < most }' <<<"$output"
    done
    in_time "$bin/heapmark-cell-manual" run requests strategy=glibc param.requests=100 rate_per_s=1000
    run ! grep '^metered' <<<"$output"
    run -0 "$bin/heapmark-cell-manual" run binary_trees strategy=glibc param.depth=8
    run ! grep '^metered' <<<"$output"
}

@test "operations that do not arrive have no open loop" {
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run binary_trees strategy=glibc rate_per_s=10
    [[ $stderr == *"rate_per_s=10: the operations of binary_trees do not arrive; it has a closed loop only" ]]
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run churn strategy=glibc rate_per_s=10
    [[ $stderr == *"the operations of churn do not arrive"* ]]
    run -2 --separate-stderr "$bin/heapmark-cell-manual" run requests strategy=glibc rate_per_s=1000000001
    [[ $stderr == *"rate_per_s=1000000001: above 1000000000" ]]
}

@test "each load is a cell; all strategies get the baseline's rate" {
    run -0 "$heapmark" run --out c --blocks 1 --load 30,250
    [ "$(cat c/rates.csv)" = "workload,params,threads,strategy,status,rate_per_s
alpha,steps=10;width=2,1,glibc,ok,100000" ]
    [ "$(column c/runs.csv params workload alpha | sort | uniq -c | tr -s ' ')" = " 3 steps=10;width=2
 3 steps=10;width=2;load=250
 3 steps=10;width=2;load=30" ]
    [ "$(column c/runs.csv rate_per_s load_percent 30 | sort -u)" = 30000 ]
    [ "$(column c/runs.csv rate_per_s load_percent 250 | sort -u)" = 250000 ]
    # the cell was told: figure `rate`
    [ "$(column c/runs.csv figures load_percent 30 | grep -c 'rate=30000')" -eq 3 ]
    [ -z "$(column c/runs.csv rate_per_s workload beta | tr -d '\n')" ]
    [ "$(wc -l <c/census.csv)" -eq 3 ]
    [ "$(column c/runs.csv live_peak_bytes load_percent 30 | sort -u)" = 4000000 ]
    grep -q '^alpha/load=30,well,' c/latency.csv
    [[ $output == *"p99 ratio"* ]]
    run ! grep -q 'load=' c/ratios.csv
}

@test "a saturated run is a row of its own, and its workload and load are named" {
    run -0 "$heapmark" run --out c --blocks 1 --workload alpha --strategy swamped --load 80
    [ "$(column c/runs.csv status strategy swamped | sort | tr '\n' ' ')" = "ok saturated " ]
    [ "$(column c/summary.csv status strategy swamped params 'steps=10;width=2;load=80')" = "saturated 1/1" ]
    [[ $output == *"failed: alpha/load=80 under swamped: saturated 1/1: the queue grew"* ]]
}

@test "a resumed campaign keeps its rates" {
    run -0 "$heapmark" run --out c --blocks 1 --workload alpha --load 50
    sed -i 's/100000$/7000/' c/rates.csv
    run -0 "$heapmark" run --resume c --blocks 2
    [ "$(column c/runs.csv rate_per_s load_percent 50 block 0 | sort -u)" = 50000 ]
    [ "$(column c/runs.csv rate_per_s load_percent 50 block 1 | sort -u)" = 3500 ]
    printf 'workload,params,threads,strategy,status,rate_per_s\nalpha,x,1,glibc,ok,\n' >c/rates.csv
    run -1 --separate-stderr "$heapmark" run --resume c --blocks 3
    one_complaint "cannot get rates.csv"
}

@test "without a rate the open loops say why; the closed ones are measured" {
    run -0 --separate-stderr "$heapmark" run --out c --blocks 1 --workload alpha --baseline oom --load 50
    [[ $stderr == *"rates of alpha: the baseline's closed loop ended oom: heap is full"* ]]
    [ "$(column c/runs.csv status load_percent 50 strategy well)" = unsupported ]
    grep -q "no rate to take a share of: the baseline's closed loop ended oom" c/runs.csv
}

@test "loads that are none, and a load that nothing would heed" {
    run -2 --separate-stderr "$heapmark" run --out c --load 0
    one_complaint "load '0' is no number from 1 to 100000"
    run -2 --separate-stderr "$heapmark" run --out c --load ,
    one_complaint "--load ',' is an empty list"
    run -2 --separate-stderr "$heapmark" run --out c --workload beta --load 50
    one_complaint "--load 50: none of these workloads has operations that arrive"
    [ ! -e c ]
}
