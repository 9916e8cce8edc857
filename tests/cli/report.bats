#!/usr/bin/env bats
# heapmark report: one page that needs nothing else.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    made_campaign
}

@test "the page has findings, charts, a table per workload, failures, environment" {
    needs_gnuplot
    run -0 "$heapmark" report campaign
    [ "$output" = campaign/report.html ]
    page=campaign/report.html
    grep -q '<b>mimalloc</b> is [0-9.]* times as fast as glibc (95 % interval' $page
    grep -q 'Noise floor: glibc measured against itself' $page
    [ "$(grep -c '<svg role="img"' $page)" -eq 24 ]
    grep -q 'The numbers (pause_history.csv)' $page
    [ "$(grep -c '<h3>' $page)" -eq 9 ]
    grep -q 'needs more than the 512 MiB cap' $page
    grep -q 'Example CPU, 2 cores' $page
    [ "$(tail -n 1 $page)" = '</html>' ]
}

@test "threads and figures have their charts on the page, with the numbers" {
    needs_gnuplot
    cp "$BATS_TEST_DIRNAME"/../golden/threads/*.csv campaign
    rm campaign/hist.csv campaign/pauses.csv campaign/samples.csv
    "$heapmark" report campaign
    for id in scaling drain sharing; do
        grep -q "The numbers ($id.csv)" campaign/report.html
    done
    grep -q '<title id="c[0-9]*-t">Throughput by threads' campaign/report.html
    grep -q '<td>tcmalloc_minimal</td><td>trim</td>' campaign/report.html
    grep -q '<td>glibc</td><td>passive</td><td>0.95</td>' campaign/report.html
}

@test "charts that are one per metric are on the page, each with its own numbers" {
    needs_gnuplot
    echo cell,settings >campaign/plan.csv
    seq -f '%.0f,option.nursery_max=4M;' 0 200 >>campaign/plan.csv
    "$heapmark" report campaign
    for metric in ops_per_s cpu_ms rss_peak_mib; do
        [ "$(grep -c ">$metric: [^<]*by the size of their nursery" campaign/report.html)" -ge 1 ]
        grep -q "<td>$metric</td>" campaign/report.html
    done
}

@test "nothing is loaded from elsewhere, and there is no script" {
    needs_gnuplot
    "$heapmark" report campaign
    run ! grep -qiE '<script|<link|<img|<iframe|@import|https?://|src=' campaign/report.html
}

@test "every id is there once, and every reference leads somewhere" {
    needs_gnuplot
    "$heapmark" report campaign
    grep -oE "[ <]id=[\"'][^\"']*" campaign/report.html | sed "s/.*[\"']//" | sort >ids
    [ -z "$(uniq -d ids)" ]
    grep -oE "(href=[\"']#|url\\(#)[^\"')]*" campaign/report.html | sed 's/.*#//' | sort -u >refs
    [ -s refs ]
    [ -z "$(comm -13 <(sort -u ids) refs)" ]
    grep -oE 'aria-labelledby="[^"]*"' campaign/report.html | sed 's/.*="//; s/"//' | tr ' ' '\n' |
        sort -u >labels
    [ -z "$(comm -13 <(sort -u ids) labels)" ]
}

@test "what a row says is text, never markup" {
    sed -i 's/still running after 20 s/<script>alert(1)<\/script>/' campaign/runs.csv
    sed -i 's/^suite,.*/suite,<b>x<\/b>/' campaign/meta.csv
    "$heapmark" report campaign
    grep -q '&lt;script&gt;alert(1)&lt;/script&gt;' campaign/report.html
    grep -q 'suite &lt;b&gt;x&lt;/b&gt;' campaign/report.html
    run ! grep -q '<script>' campaign/report.html
}

@test "without gnuplot the page has the tables, says so, and all is well" {
    mkdir bin
    run -0 --separate-stderr env PATH="$PWD/bin" "$heapmark" report campaign
    [[ $stderr == *"charts need gnuplot: apt-get install gnuplot-nox"* ]]
    grep -q 'No charts: gnuplot was not installed' campaign/report.html
    run ! grep -q '<svg' campaign/report.html
    [ "$(grep -c '<h3>' campaign/report.html)" -eq 9 ]
}

@test "a phone and the dark are provided for" {
    "$heapmark" report campaign
    grep -q 'name="viewport" content="width=device-width' campaign/report.html
    grep -q 'prefers-color-scheme:dark' campaign/report.html
}

@test "a workload has its sentence, its parameters can wrap, references are bounds" {
    printf 'workload.cache.summary,a table of <many> entries\n' >>campaign/meta.csv
    printf 'strategy.glibc.summary,bins & <arenas>\nstrategy.glibc.state,on\n' >>campaign/meta.csv
    "$heapmark" report campaign
    grep -q '<p>a table of &lt;many&gt; entries</p>' campaign/report.html
    grep -q '>ops=100000; size=64; 1 thread<' campaign/report.html
    grep -q '<td>nogc (bound)</td>' campaign/report.html
    for word in cell baseline 'geometric mean' 'noise floor' 'p99, p99.9' bound leak; do
        grep -q "<dt>$word</dt>" campaign/report.html
    done
    grep -q '<dt>glibc</dt><dd>bins &amp; &lt;arenas&gt;</dd>' campaign/report.html
}

@test "one workload has no means, and nothing leads to them" {
    sed -i -n '1p; /,cache,/p' campaign/runs.csv
    rm campaign/hist.csv campaign/pauses.csv campaign/samples.csv
    run -0 --separate-stderr "$heapmark" report campaign
    [[ $stderr != *"nothing to draw"* ]]
    run ! grep -qE '#means|id="means"' campaign/report.html
}

@test "leaks, disturbance and what is missing are findings" {
    printf 'blocks_least,10\n' >>campaign/meta.csv
    { echo cell; seq 200; } >campaign/plan.csv
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { $at["noisy"] = 1 }
        NR > 1 && $at["workload"] == "leak_none" {
            $at["leak_verdict"] = $at["leak_expected"] = "none" } 1' campaign/runs.csv >new
    mv new campaign/runs.csv
    "$heapmark" report campaign
    grep -q 'Not complete: 880 of 2000 planned runs' campaign/report.html
    grep -q '880 of 880 runs were disturbed' campaign/report.html
    grep -q 'Every leak verdict was the expected one: 9 of 9' campaign/report.html
    run ! grep -q 'cells completed' campaign/report.html
}

@test "no folder, no rows: one line and no page" {
    mkdir empty
    run -1 "$heapmark" report empty
    [[ $output == *"empty holds no campaign (no runs.csv)"* ]]
    [ ! -e empty/report.html ]
    run -2 "$heapmark" report
}
