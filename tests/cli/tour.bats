#!/usr/bin/env bats
# `heapmark tour`: chapters, each measured and told, with node and without.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    heapmark=${HEAPMARK_BIN:?folder of the built programs}/heapmark
    [[ -e $HEAPMARK_BIN/fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    chapters="stack allocation garbage cost leaks v8"
    cd "$BATS_TEST_TMPDIR" || return
}

# The tour into t; a machine that is too busy for its 90 seconds goes on, as it says.
whole_tour() {
    run "$heapmark" tour --out t "$@"
    for _ in 1 2 3 4 5 6; do
        [[ $status == 1 && $output == *"seconds are over"* ]] || break
        run "$heapmark" tour --resume t "$@"
    done
    [[ $status == 0 ]] || { echo "$output"; return 1; }
}

# What every tour must be: within 80 columns, plain ASCII, no number that is none.
readable() {
    [[ -z $(awk 'length > 80' <<<"$output") ]]
    [[ -z $(LC_ALL=C grep -n '[^ -~]' <<<"$output") ]]
    run ! grep -qwiE 'nan|inf|null' <<<"$output"
}

told() {
    local number=0
    for chapter in $chapters; do
        number=$((number + 1))
        grep -q "^$number/6  .*[?]$" <<<"$output"
        [[ $(column "t/$chapter/runs.csv" status | sort -u | tr '\n' ' ') =~ ^ok\ (unsupported\ )?$ ]]
        grep -qx "  t/$chapter/runs.csv" <<<"$output"
    done
}

@test "with node: six questions, each answered from rows of its own, of V8 too" {
    command -v node >/dev/null || skip "there is no node: install nodejs"
    whole_tour
    told
    for bar in 'V8: a local object' 'V8 ' 'V8, with an event loop' 'C: ... from malloc'; do
        grep -qE "^  $bar +[0-9.]+ [a-zA-Z]+ [#.]" <<<"$output"
    done
    grep -q 'V8 collected [0-9]* times and grew by' <<<"$output"
    [[ $output != *"node is off"* ]]
    readable
}

@test "without node: the same six, and one line that says so" {
    mkdir empty
    PATH_BEFORE=$PATH
    heapmark_without_node() { PATH=$BATS_TEST_TMPDIR/empty "$HEAPMARK_BIN/heapmark" "$@"; }
    heapmark=heapmark_without_node
    whole_tour
    PATH=$PATH_BEFORE
    told
    [[ $(grep -c 'node is off: install nodejs' <<<"$output") == 1 ]]
    run ! grep -qE '^  V8' <<<"$(grep '#' <<<"$output")"
    readable
}

@test "a chapter alone; told again from its rows, the other way round if they say so" {
    PATH_BEFORE=$PATH
    mkdir empty
    PATH=$BATS_TEST_TMPDIR/empty run -0 "$heapmark" tour garbage --out t
    PATH=$PATH_BEFORE
    grep -q '^1/1  What is unreachable' <<<"$output"
    grep -q 'Reference counting kept all of it' <<<"$output"
    [[ ! -e t/stack ]]
    rows=$(wc -l <t/garbage/runs.csv)
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["strategy"] == "refcount" { $at["rss_end_bytes"] = $at["rss_base_bytes"] }
        { print }' t/garbage/runs.csv >changed
    mv changed t/garbage/runs.csv
    PATH=$BATS_TEST_TMPDIR/empty run -0 "$heapmark" tour garbage --resume t
    PATH=$PATH_BEFORE
    grep -q 'Reference counting let go of most of it' <<<"$output"
    [[ $(wc -l <t/garbage/runs.csv) == "$rows" ]]
}

@test "when the time is over: what was told stays, the rest is named, exit 1" {
    "$heapmark" tour garbage leaks --out t >out 2>err &
    pid=$!
    until [[ -e t/leaks/runs.csv && $(wc -l <t/leaks/runs.csv) -gt 2 ]]; do
        sleep 0.05
    done
    kill -ALRM "$pid"
    status=0
    wait "$pid" || status=$?
    [[ $status == 1 ]]
    grep -q "The tour's 90 seconds are over" out
    tr -s '\n ' '  ' <out | grep -q 'heapmark tour --resume t leaks The tour'
    grep -qx '  t/garbage/runs.csv' out
    run ! grep -q 'Growth in MiB' out
    run -0 "$heapmark" tour --resume t garbage leaks
    grep -q 'Growth in MiB' <<<"$output"
}

@test "an interrupt ends it" {
    "$heapmark" tour leaks --out t >out 2>err &
    pid=$!
    until [[ -e t/leaks/runs.csv ]]; do
        sleep 0.05
    done
    kill -INT "$pid"
    status=0
    wait "$pid" || status=$?
    [[ $status == 130 ]]
    run ! grep -q 'seconds are over' out
}

@test "bad words are refused; the help names every chapter, and each has its suite" {
    run -2 --separate-stderr "$heapmark" tour leks
    one_complaint "no chapter 'leks' (did you mean 'leaks'?)"
    run -2 --separate-stderr "$heapmark" tour --blocks 3
    mkdir full && touch full/file
    run -2 --separate-stderr "$heapmark" tour --out full
    one_complaint "not empty"
    run -2 --separate-stderr "$heapmark" tour --resume full
    one_complaint "full holds no tour"
    run -2 --separate-stderr "$heapmark" tour --resume full --out t
    one_complaint "exclude each other"
    run -1 --separate-stderr "$heapmark" tour --out /proc/none
    one_complaint "/proc/none"
    run -0 "$heapmark" tour --help
    for chapter in $chapters; do
        [[ $output == *"$chapter"* && -e $HEAPMARK_BIN/suites/tour_$chapter.ini ]]
    done
}
