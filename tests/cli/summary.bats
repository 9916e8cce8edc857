#!/usr/bin/env bats
# heapmark summary: from the rows of a campaign to its tables.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    made_campaign
}

# Fields of summary.csv: 1 workload, 5 strategy, 7 arm, 8 metric, 12 status, 16 ratio,
# 19 verdict.
field() {
    awk -F, -v w="$1" -v s="$2" -v m="$3" -v n="$4" \
        '$1 == w && $5 == s && $7 == "test" && $8 == m { print $n; exit }' campaign/summary.csv
}

@test "summary writes the tables and prints the readable one" {
    run -0 "$heapmark" summary campaign
    [[ $output == *"geometric means"* ]]
    [[ $output == *"noise floor: glibc against itself"* ]]
    [ "$(field cache jemalloc wall_ns 19)" = faster ]
    [ "$(field churn first_fit wall_ns 19)" = slower ]
    [ "$(field cache semispace rss_peak_bytes 19)" = more ]
    for file in summary failures ratios pareto latency survival timeline pause_history mmu lbo; do
        [ "$(wc -l <campaign/$file.csv)" -gt 1 ]
    done
}

@test "a failed cell keeps its row, says how it failed and has no ratio" {
    "$heapmark" summary --quiet campaign
    [ "$(field file_stream tbb wall_ns 12)" = "crash 3/10" ]
    [ -z "$(field file_stream tbb wall_ns 16)" ]
    [ "$(field leak_cache nogc wall_ns 12)" = "oom 10/10" ]
    grep -q '^leak_cache,.*oom 10/10,needs more than the 512 MiB cap$' campaign/failures.csv
}

@test "the history of pauses has those of the run that is shown: all counted, the longest kept" {
    "$heapmark" summary --quiet campaign
    of() { column campaign/runs.csv "$1" workload cache strategy marksweep status ok; }
    [ "$(of run_id | wc -l)" -eq 10 ]
    id=$(paste <(of wall_ns) <(of run_id) | sort -n | awk 'NR == 5 { print $2 }') # the lower median
    awk -F, -v id="$id" '$1 == id { n++; if ($3 > most) most = $3 }
        END { printf "%d %.3g\n", n, most / 1e6 }' campaign/pauses.csv >listed
    awk -F, '$1 == "cache" && $2 == "marksweep" { n += $6; if ($5 > most && $3 != "unlisted") most = $5 }
        END { printf "%d %.3g\n", n, most }' campaign/pause_history.csv >told
    [ "$(cat listed)" = "$(cat told)" ]
    [ "$(cut -d' ' -f1 told)" -eq 24 ]
}

@test "every record of summary.csv has 20 fields" {
    "$heapmark" summary --quiet campaign
    awk -F, 'NF != 20 { print; bad = 1 } END { exit bad }' campaign/summary.csv
}

@test "a second summary changes nothing" {
    "$heapmark" summary --quiet campaign
    sha256sum campaign/*.csv >before
    "$heapmark" summary --quiet campaign
    sha256sum --check --quiet before
    [ -z "$(find campaign -name '*partial*')" ]
}

@test "a record that was cut off by a kill is left out" {
    "$heapmark" summary --quiet campaign
    cp campaign/summary.csv before.csv
    printf '1,99999,3,1,0,cac' >>campaign/runs.csv
    "$heapmark" summary --quiet campaign
    cmp before.csv campaign/summary.csv
}

@test "three blocks give ranges and no verdict" {
    "$HEAPMARK_BIN/make_campaign" campaign 3 1 3
    run -0 "$heapmark" summary campaign
    [[ $output == *"cannot tell a difference from noise"* ]]
    [[ $output != *faster* ]]
    [ -z "$(field cache jemalloc wall_ns 19)" ]
    [ -n "$(field cache jemalloc wall_ns 16)" ]
}

@test "no colours in a pipe, and no line over 100 columns" {
    run -0 "$heapmark" summary campaign
    [[ $output != *$'\033'* ]]
    awk 'length > 100 { print; bad = 1 } END { exit bad }' <<<"$output"
}

@test "bad input: no folder, no rows, nonsense in a row" {
    run -2 --separate-stderr "$heapmark" summary
    [[ $stderr == *"which campaign? give its folder"* ]]
    run -1 "$heapmark" summary nowhere
    [[ $output == *"nowhere holds no campaign (no runs.csv); give a folder that heapmark run made"* ]]
    run -2 "$heapmark" summary campaign another
    sed -i '5s/,ok,/,fine,/' campaign/runs.csv
    rm -f campaign/summary.csv
    run -1 "$heapmark" summary campaign
    [[ $output == *"runs.csv:5: status 'fine' is no status"* ]]
    [ "$(wc -l <<<"$output")" -eq 1 ]
    [ ! -e campaign/summary.csv ]
}

@test "an unwritable folder is an error in one line" {
    [ "$(id -u)" -ne 0 ] || skip "root may write everywhere"
    chmod a-w campaign
    run -1 "$heapmark" summary campaign
    chmod u+w campaign
    [[ $output == *"Permission denied"* ]]
}
