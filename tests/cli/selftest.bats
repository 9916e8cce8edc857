#!/usr/bin/env bats
# `heapmark selftest`: from a suite over rows to claims.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    heapmark=${HEAPMARK_BIN:?folder of the built programs}/heapmark
    [[ -e $HEAPMARK_BIN/fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    cd "$BATS_TEST_TMPDIR"
}

# The least that one claim can be judged by.
small() {
    "$heapmark" selftest --workload xmalloc --strategy glibc --blocks 2 \
        --param ops=20000 --out c "$@"
}

# set_all COLUMN VALUE: in every row of c/runs.csv.
set_all() {
    awk -F, -v OFS=, -v name="$1" -v value="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i }
        NR > 1 { $at = value }
        { print }' c/runs.csv >changed
    mv changed c/runs.csv
}

@test "a claim that holds is a line with its value and source, the others say why not" {
    run -0 small
    grep -qE '^holds +all_frees_remote: xmalloc: remote_free_ratio 1: glibc 1 \[Lever' <<<"$output"
    grep -qE '^not applicable +bound_of_theory: .*: glibc no run, jemalloc no run' <<<"$output"
    grep -qx 'claims: 1 hold, 0 violated, [0-9]* not applicable here' <<<"$output"
    [[ ${lines[-1]} == "campaign: c" ]]
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    [ "$(column c/runs.csv block | sort -u | wc -l)" = 2 ]
    [ -s c/summary.csv ]
}

@test "rows that say otherwise violate it: exit 1" {
    run -0 small
    set_all remote_free_ratio 0.5
    run -1 "$heapmark" selftest --resume c
    grep -qE '^violated +all_frees_remote: .*: glibc 0.5 \[' <<<"$output"
}

@test "a crash violates it, a machine that is too small does not" {
    run -0 small
    set_all reason "killed"
    set_all status crash
    run -1 "$heapmark" selftest --resume c
    grep -qE '^violated +all_frees_remote: .*: glibc crash: killed' <<<"$output"
    set_all status oom
    run -1 "$heapmark" selftest --resume c # no violation, but nothing else is left
    grep -qE '^not applicable +all_frees_remote: .*: glibc oom: killed' <<<"$output"
    grep -qE '^claims: 0 hold, 0 violated, ' <<<"$output"
}

@test "where no claim could be judged one line says so: exit 1" {
    run -0 small
    set_all strategy unknown_malloc
    run -1 --separate-stderr "$heapmark" selftest --resume c
    grep -qE '^claims: 0 hold, 0 violated, ' <<<"$output"
    one_complaint "c: no claim could be judged, so nothing was shown"
}

@test "a run that is ok without the metric of its claim violates it: exit 1" {
    run -0 small
    set_all remote_free_ratio ""
    run -1 --separate-stderr "$heapmark" selftest --resume c
    grep -qE '^violated +all_frees_remote: .*: glibc not measured' <<<"$output"
}

@test "many processors are asked of the machine that measured" {
    run -0 small
    sed -i 's/^cpus_allowed,.*/cpus_allowed,1/' c/meta.csv
    run -0 "$heapmark" selftest --resume c
    grep -qE '^not applicable +remote_frees_jam: .* needs 16 processors, this machine has 1' \
        <<<"$output"
}

@test "the suite measures every cell that a claim is about" {
    suite=$HEAPMARK_BIN/suites/selftest.ini
    claims=$BATS_TEST_DIRNAME/../../harness/analysis/claims.c
    grep -E '^(workloads|strategies) ' "$suite" | tr ',= ' '\n\n\n' | sort -u >measured
    sed -n -E 's/^ *\.(workload|strategies|against) = "(.*)",$/\2/p' "$claims" |
        tr ', ' '\n\n' | sed -e 's/:.*//' -e '/^$/d' | sort -u >claimed
    [ -s claimed ]
    run -0 comm -23 claimed measured
    [ -z "$output" ]
}

@test "a suite of one's own is judged alike; bad options are refused" {
    printf '[suite]\nworkloads = xmalloc\nstrategies = glibc\nblocks = 1\n' >mine.ini
    run -0 "$heapmark" selftest --suite mine.ini --param ops=20000 --out c
    grep -qE '^holds +all_frees_remote' <<<"$output"
    run -2 --separate-stderr "$heapmark" selftest --suite none --out d
    one_complaint "unknown suite 'none'"
    run -2 --separate-stderr "$heapmark" selftest --heap 3
}
