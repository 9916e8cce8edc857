#!/usr/bin/env bats
# A campaign that was stopped loses and doubles nothing.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

# What must not depend on when the campaign was stopped.
rows() {
    for name in run_id block order_in_block cell strategy arm status checksum env_pad_bytes; do
        column "$1/runs.csv" "$name" | tr '\n' ' '
        echo
    done
    cut -d, -f1-4 "$1/hist.csv"
    cut -d, -f1,3- "$1/pauses.csv"
}

@test "kill -9 at ten random moments, each time resumed: the same rows, none doubled" {
    suite=(--workload alpha,beta --strategy well,capped --heap 2,3 --blocks 4)
    local began=$(date +%s%3N) whole_ms
    run -0 "$heapmark" run --out whole "${suite[@]}"
    whole_ms=$(($(date +%s%3N) - began)) # on a busy machine the start alone takes a second
    RANDOM=20
    for _ in $(seq 10); do
        if [ -e torn/suite.ini ]; then set -- --resume torn; else set -- --out torn "${suite[@]}"; fi
        kill_ms=$((whole_ms / 5 + RANDOM % whole_ms * 3 / 5))
        timeout -s KILL "$((kill_ms / 1000)).$(printf %03d $((kill_ms % 1000)))" "$heapmark" run "$@" >/dev/null 2>&1 || true
        [ -e torn/suite.ini ] || rm -rf torn
    done
    run -0 "$heapmark" run --resume torn
    [ "$(rows torn)" = "$(rows whole)" ]
    diff whole/plan.csv torn/plan.csv
    diff whole/census.csv torn/census.csv
}

@test "a torn last row and rows of runs that were not committed are dropped" {
    run -0 "$heapmark" run --out whole --blocks 2
    cp -r whole torn
    head -n 5 torn/runs.csv >cut && printf '1,4,0,4,2,al' >>cut && mv cut torn/runs.csv
    run -0 "$heapmark" run --resume torn
    [ "$(rows torn)" = "$(rows whole)" ]
}

@test "a complete campaign is left as it is" {
    run -0 "$heapmark" run --out c --blocks 1
    cp c/runs.csv before.csv
    cp c/meta.csv before_meta.csv
    run -0 "$heapmark" run --resume c
    diff before.csv c/runs.csv
    diff before_meta.csv c/meta.csv
}

@test "more blocks may be asked for; another plan is refused and nothing changes" {
    run -0 "$heapmark" run --out c --blocks 1
    cp c/runs.csv before.csv
    run -2 --separate-stderr "$heapmark" run --resume c --strategy capped
    one_complaint "--resume c: it holds another plan"
    run -2 --separate-stderr "$heapmark" run --resume c --seed 2
    one_complaint "it holds another plan"
    diff before.csv c/runs.csv
    run -0 "$heapmark" run --resume c --blocks 2
    [ "$(column c/runs.csv block | sort -u | tr '\n' ' ')" = "0 1 " ]
}

@test "other options of strategies are another plan" {
    run -0 "$heapmark" run --out c --workload alpha --strategy well,capped --blocks 1 \
        --option well.depth=2
    cp c/runs.csv before.csv
    for other in '--option well.depth=3' '--option capped.mode=some' '--stress 64' --verify; do
        # shellcheck disable=SC2086  # words
        run -2 --separate-stderr "$heapmark" run --resume c --blocks 2 $other
        one_complaint "it holds another plan (options,"
        diff before.csv c/runs.csv
    done
    run -0 "$heapmark" run --resume c --blocks 2 --option well.depth=2
    [ "$(column c/runs.csv moved_bytes strategy well | sort -u)" = 20000 ]
}

@test "what is no campaign is refused" {
    run -2 --separate-stderr "$heapmark" run --resume nothing
    one_complaint "nothing holds no campaign (no suite.ini); give a folder that heapmark run made"
    mkdir empty
    for verb in summary chart report; do
        run -1 --separate-stderr "$heapmark" $verb empty
        one_complaint "empty holds no campaign (no runs.csv); give a folder that heapmark run made"
        [ -z "$(ls empty)" ]
    done
}

@test "runs.csv of another version is refused" {
    run -0 "$heapmark" run --out c --blocks 1
    sed -i '1s/^schema/scheme/' c/runs.csv
    run -1 --separate-stderr "$heapmark" run --resume c --blocks 2
    one_complaint "its columns are not those of this version"
}

@test "two drivers on one folder: the second is refused" {
    run -0 "$heapmark" run --out c --blocks 1
    flock c/runs.csv sleep 5 &
    sleep 0.5
    run -1 --separate-stderr "$heapmark" run --resume c --blocks 2
    one_complaint "another heapmark is working on it"
    wait
}
