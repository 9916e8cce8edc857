# shellcheck shell=bash
# record.bash -- what the tests that run a cell themselves share: reading its record, and
# what counting.so wrote.
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by bats

# The cell of the mallocs and the libraries to preload: sets $bin, $manual, $fixtures.
manual_cell() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    manual=$bin/heapmark-cell-manual
    fixtures=$bin/fixtures
    [[ -e $fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    cd "$BATS_TEST_TMPDIR" || return
}

# The second field of the record's line NAME.
field() {
    awk -F'\t' -v name="$1" '$1 == name { print $2; exit }' <<<"$output"
}

# figure NAME: what the workload has found out, from the record's line.
figure() {
    awk -F'\t' -v name="$1" '$1 == "figure" && $2 == name { print $3; exit }' <<<"$output"
}

# counter NAME: the same of what must agree.
counter() {
    awk -F'\t' -v name="$1" '$1 == "counter" && $2 == name { print $3; exit }' <<<"$output"
}

# counted FILE NAME...: the sum of what counting.so wrote for the names.
counted() {
    local file=$1
    shift
    awk -v names=" $* " 'index(names, " " $1 " ") { n += $2 } END { print n + 0 }' "$file"
}
