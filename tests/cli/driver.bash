# shellcheck shell=bash
# driver.bash -- what the tests of the driver share.
# shellcheck disable=SC2034,SC2154  # set here for the tests, or by bats

# A folder with the driver and the fake cell only: sets $heapmark.
fake_driver() {
    mkdir -p "$BATS_TEST_TMPDIR/bin/suites"
    cp "${HEAPMARK_BIN:?folder of the built programs}/heapmark" "$BATS_TEST_TMPDIR/bin/"
    cp "$BATS_TEST_DIRNAME/../fixtures/fake_cell.sh" "$BATS_TEST_TMPDIR/bin/heapmark-cell-fake"
    heapmark=$BATS_TEST_TMPDIR/bin/heapmark
    printf '[suite]\nsummary = the least there is\nworkloads = alpha, beta\n%s\n' \
        'strategies = well
blocks = 2' >"$BATS_TEST_TMPDIR/bin/suites/quick.ini"
}

# A campaign of 10 blocks in campaign/, made up: sets $heapmark.
made_campaign() {
    heapmark=${HEAPMARK_BIN:?folder of the built programs}/heapmark
    mkdir "$BATS_TEST_TMPDIR/campaign"
    cd "$BATS_TEST_TMPDIR" || return
    "$HEAPMARK_BIN/make_campaign" campaign 10 1 10
}

needs_gnuplot() {
    command -v gnuplot >/dev/null || skip "gnuplot is not installed"
}

# column FILE NAME [WHERE VALUE]...: the values of a column in rows that match.
column() {
    local file=$1 name=$2
    shift 2
    awk -F, -v name="$name" -v where="$*" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i
                  n = split(where, w, " ")
                  next }
        { for (i = 1; i < n; i += 2) if ($at[w[i]] != w[i + 1]) next
          print $at[name] }' "$file"
}

# The lines of stderr: exactly one, with the prefix.  For after `run --separate-stderr`.
one_complaint() {
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    [[ $stderr == heapmark:* ]]
    [[ $stderr == *"$1"* ]] || { echo "not in: $stderr"; return 1; }
}
