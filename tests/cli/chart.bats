#!/usr/bin/env bats
# heapmark chart: what it draws, and what it says when it cannot.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    made_campaign
}

@test "all charts are drawn, the timeline once per workload" {
    needs_gnuplot
    run -0 "$heapmark" chart campaign
    for id in heatmap forest pareto latency survival mmu lbo timeline-cache timeline-churn pauses-cache; do
        [[ $output == *"campaign/charts/$id.svg"* ]]
        [ "$(stat -c %s campaign/charts/$id.svg)" -gt 1024 ]
    done
    [ "$(find campaign/charts -name 'timeline-*.svg' | wc -l)" -eq 9 ]
    [ -z "$(find campaign/charts -name '.*' -type f)" ]
}

@test "one chart, as PNG too" {
    needs_gnuplot
    "$heapmark" chart --chart heatmap --png campaign
    [ "$(find campaign/charts -type f | sort | tr '\n' ' ')" = "campaign/charts/heatmap.png campaign/charts/heatmap.svg " ]
    [ "$(head -c 4 campaign/charts/heatmap.png | tail -c 3)" = PNG ]
}

@test "a failed cell is drawn as a word, strategies keep their underscores" {
    needs_gnuplot
    "$heapmark" chart campaign >/dev/null
    grep -q '>OOM<' campaign/charts/heatmap.svg
    grep -q '>crash<' campaign/charts/forest.svg
    grep -q '>timeout<' campaign/charts/heatmap.svg
    grep -q '>first_fit<' campaign/charts/heatmap.svg
    grep -q 'lower is better' campaign/charts/forest.svg
    grep -q 'noise floor' campaign/charts/forest.svg
}

@test "three blocks are not called intervals" {
    needs_gnuplot
    "$HEAPMARK_BIN/make_campaign" campaign 3 1 3
    "$heapmark" chart campaign >/dev/null
    for id in heatmap forest pareto; do
        grep -q 'too few' campaign/charts/$id.svg
        run ! grep -q '95 % intervals' campaign/charts/$id.svg
    done
}

@test "two strategies and one workload are enough, and so are twenty" {
    needs_gnuplot
    cp campaign/runs.csv all.csv
    awk -F, 'NR == 1 || ($6 == "cache" && ($10 == "glibc" || $10 == "mimalloc"))' all.csv \
        >campaign/runs.csv
    rm campaign/hist.csv campaign/pauses.csv campaign/samples.csv
    run -0 --separate-stderr "$heapmark" chart campaign
    [[ $output == *forest.svg* ]]
    [ -z "$stderr" ]
    run -0 --separate-stderr "$heapmark" chart --chart latency campaign
    [[ $stderr == *"chart latency: nothing to draw: latency.csv has no rows"* ]]
    awk -F, -v OFS=, '{ print } NR > 1 && $12 == "test" {
        $2 += 100000; $5 += 1000; $10 = $10 "_variant"; print }' all.csv >campaign/runs.csv
    run -0 --separate-stderr "$heapmark" chart campaign
    grep -q '>semispace_variant<' campaign/charts/pareto.svg
}

@test "a strategy has the same colour in every chart" {
    needs_gnuplot
    "$heapmark" chart campaign >/dev/null
    for id in forest pareto latency timeline-cache; do    # mimalloc, #009e73
        grep -qiE '#009e73|rgb\( *0, *158, *115\)' campaign/charts/$id.svg
    done
}

@test "without gnuplot there is one line that says what to install" {
    mkdir bin
    run -1 env PATH="$PWD/bin" "$heapmark" chart campaign
    [ "$output" = "heapmark: charts need gnuplot: apt-get install gnuplot-nox" ]
}

@test "an unknown chart gets a suggestion" {
    run -2 "$heapmark" chart --chart heatmpa campaign
    [ "$output" = "heapmark: unknown chart 'heatmpa'; did you mean 'heatmap'?" ]
}

@test "a gnuplot that draws nothing is an error, and leaves no file" {
    mkdir bin
    printf '#!/bin/sh\n[ "$1" = --version ] || echo "  line 3: no such font" >&2\n' >bin/gnuplot
    chmod +x bin/gnuplot
    run -1 env PATH="$PWD/bin:$PATH" "$heapmark" chart --chart heatmap campaign
    [[ $output == *"chart heatmap: gnuplot: line 3: no such font"* ]]
    [ -z "$(ls -A campaign/charts)" ]
}

@test "a script called wrongly says how" {
    needs_gnuplot
    run -2 gnuplot -c "$HEAPMARK_BIN/plot/forest.gp"
    [[ $output == *"usage: gnuplot -c CHART.gp DATA.csv OUT.svg|OUT.png"* ]]
}

@test "several heap sizes: curves by heap, marks where it was too small" {
    needs_gnuplot
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
        { print }
        $at["class"] == "collector" && $at["heap_multiple"] != "" { # once more, at twice that
            $at["run_id"] += 100000; $at["cell"] += 1000; $at["heap_multiple"] *= 2.5
            print
            $at["run_id"] += 100000; $at["cell"] += 1000; $at["heap_multiple"] = 1.5
            $at["status"] = "oom"; $at["wall_ns"] = $at["cpu_ns"] = ""
            print }' campaign/runs.csv >more.csv
    mv more.csv campaign/runs.csv
    run -0 --separate-stderr "$heapmark" chart campaign
    [ -z "$stderr" ]
    [[ $output == *time_heap.svg* ]]
    for id in time_heap lbo; do
        grep -q '>no limit<' campaign/charts/$id.svg
        grep -q '>1.5×<' campaign/charts/$id.svg
        grep -q 'lower is better' campaign/charts/$id.svg
    done
    grep -q 'higher is better' campaign/charts/mmu.svg
    for id in latency survival timeline-cache mmu; do # one heap, and the title names it
        grep -q ', collectors @3x<' campaign/charts/$id.svg
        run ! grep -q '>[a-z_]*@7.5x<' campaign/charts/$id.svg
    done
    grep -q '@7.5x<' campaign/charts/heatmap.svg
    grep -q ',oom,' campaign/time_heap.csv
}

@test "one chart that fails costs the others nothing" {
    needs_gnuplot
    mkdir bin
    cat >bin/gnuplot <<EOF
#!/bin/sh
case \$* in *heatmap.gp*) echo "line 7: no such font" >&2; exit 1 ;; esac
exec $(command -v gnuplot) "\$@"
EOF
    chmod +x bin/gnuplot
    run -1 --separate-stderr env PATH="$PWD/bin:$PATH" "$heapmark" chart campaign
    [[ $stderr == *"chart heatmap: gnuplot: line 7: no such font"* ]]
    [ ! -e campaign/charts/heatmap.svg ]
    for id in forest pareto latency timeline-cache; do
        [ -s campaign/charts/$id.svg ]
    done
}

@test "twenty strategies at three heaps: lines are of the heap nearest to 3, rows of all" {
    needs_gnuplot
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
        $at["workload"] != "cache" { next }
        { print }
        $at["class"] == "collector" && $at["heap_multiple"] != "" {
            own = $at["heap_multiple"]; id = $at["strategy"]
            for (h = 1; h <= 3; h++) for (k = 1; k <= 6; k++) {
                $at["run_id"] += 10000; $at["cell"] += 100
                $at["heap_multiple"] = h + 0.5; $at["strategy"] = id "_variant" k; print } }' \
        campaign/runs.csv >more.csv
    mv more.csv campaign/runs.csv
    rm campaign/hist.csv campaign/pauses.csv campaign/samples.csv
    run -0 --separate-stderr "$heapmark" chart campaign
    [ -z "$stderr" ] || { echo "$stderr"; false; }
    for h in 1.5 2.5 3.5; do
        grep -q ">semispace_variant6@${h}x<" campaign/charts/heatmap.svg
        grep -q ">semispace_variant6@${h}x<" campaign/charts/forest.svg
    done
}

@test "threads and figures: throughput, what stays resident, shared lines" {
    needs_gnuplot
    awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
        $at["workload"] == "leak_none" { next }
        { $at["ops"] = 1000 }
        $at["workload"] == "churn" && $at["status"] == "ok" {
            $at["figures"] = "rss_0ms_bytes=9000000;rss_100ms_bytes=8000000;rss_1000ops_bytes=7000000" }
        $at["workload"] == "requests" && $at["status"] == "ok" {
            $at["figures"] = "active_percent=0;passive_percent=95" }
        $at["workload"] == "requests" && $at["strategy"] == "tbb" {
            $at["status"] = "oom"; $at["wall_ns"] = $at["figures"] = "" }
        { print }
        $at["workload"] == "churn" || $at["workload"] == "cache" { # once more, in two threads
            $at["run_id"] += 100000; $at["cell"] += 1000; $at["threads"] = 2
            $at["ops"] = 2000; $at["figures"] = ""
            if ($at["workload"] == "cache" && $at["strategy"] == "tbb") {
                $at["status"] = "crash"; $at["wall_ns"] = "" }
            print }' campaign/runs.csv >more.csv
    mv more.csv campaign/runs.csv
    rm campaign/hist.csv campaign/pauses.csv campaign/samples.csv
    run -0 --separate-stderr "$heapmark" chart --png campaign
    [ -z "$stderr" ] || { echo "$stderr"; false; }
    for id in scaling drain sharing; do
        [[ $output == *"campaign/charts/$id.svg"* ]]
        grep -q 'is better' campaign/charts/$id.svg
        grep -q '>tbb<' campaign/charts/$id.svg
    done
    grep -q 'relative to glibc' campaign/charts/scaling.svg
    grep -q '>2<' campaign/charts/scaling.svg
    grep -q '>cache<' campaign/charts/scaling.svg # and not cache/t2: threads are the axis
    run ! grep -q '>requests<' campaign/charts/scaling.svg
    grep -q '^cache,tbb,2,NaN,NaN,NaN,crash,0,glibc,1$' campaign/scaling.csv
    run ! grep -q '1×: at' campaign/charts/scaling.svg
    sed 's/^\(cache,.*,\)1$/\12/' campaign/scaling.csv >late.csv
    gnuplot -c "$HEAPMARK_BIN/plot/scaling.gp" late.csv late.svg
    grep -q '>cache (1×: at 2 threads)<' late.svg
    grep -q '>0.1 s<' campaign/charts/drain.svg
    run ! grep -q '>5 s<' campaign/charts/drain.svg
    grep -q '>95 %<' campaign/charts/sharing.svg
    grep -q '>OOM<' campaign/charts/sharing.svg
}

@test "a sweep over values of a parameter is drawn for each metric, with what failed" {
    needs_gnuplot
    run -0 "$heapmark" run --workload churn --strategy best_fit --blocks 1 --out swept \
        --param slots=8,2K --param ops=20K
    awk -F, 'NR > 1 { print; $1 = "instructions_per_op"; $5 = $6 = $7 = 90; print }' OFS=, \
        swept/sweep.csv >more.csv
    [ "$(wc -l <more.csv)" -eq 8 ]
    sed 's/^\(ns_per_op,[^,]*,best_fit,2048\),.*/\1,NaN,NaN,NaN,timeout,0/' more.csv |
        cat <(head -n 1 swept/sweep.csv) - >swept.csv
    for metric in Time Instructions; do
        gnuplot -c "$HEAPMARK_BIN/plot/sweep.gp" swept.csv $metric.svg
        grep -q '>churn/slots<' $metric.svg
        grep -q ">$metric per operation by parameter (lower is better)<" $metric.svg
        grep -q '>1k<' $metric.svg
        sed -i /^ns_per_op/d swept.csv
    done
}

@test "frames on the stack and on the heap: each kind under each strategy, and what failed" {
    needs_gnuplot
    run -0 "$heapmark" run --workload stack_heap --strategy arena --blocks 1 --out frames \
        --param depth=10 --param variant=3,0,5
    sed -i 's/^\([^,]*,arena,deep\),.*/\1,NaN,NaN,NaN,NaN,NaN,NaN,oom,0/' frames/stack_heap.csv
    gnuplot -c "$HEAPMARK_BIN/plot/stack_heap.gp" frames/stack_heap.csv frames.svg 2>said
    [ ! -s said ] || { cat said; false; }
    for word in locals frames deep glibc arena OOM 'time per call'; do
        grep -q ">$word<" frames.svg
    done
    [ "$(grep -c '>locals<' frames.svg)" -eq 1 ]
    run ! grep -q '>boxed<' frames.svg
    grep -qE '>[0-9.]+ ns<' frames.svg
    [ "$(wc -l <frames/sweep.csv)" -eq 1 ]
}

@test "a campaign without threads, figures or sweeps says so when asked for their charts" {
    needs_gnuplot
    "$heapmark" summary --quiet campaign
    for id in scaling drain sharing sweep nursery stack_heap; do
        run -0 "$heapmark" chart --chart $id campaign
        [[ $output == *"chart $id: nothing to draw: $id.csv has no rows"* ]]
        [ ! -e campaign/charts/$id.svg ]
    done
}

@test "nurseries: one curve for variants called after theirs, powers of two below" {
    needs_gnuplot
    cat >nursery.csv <<'ROWS'
metric,workload,strategy,nursery_mib,value,low,high,status,n
pause_max_ms,requests,node_1gc@4x,1,8,7,9,ok,3
pause_max_ms,requests,node_1gc@4x,128,NaN,NaN,NaN,oom,0
pause_max_ms,requests,generational,0.5,2,2,2,ok,3
pause_max_ms,requests,generational,128,40,30,50,ok,3
ROWS
    run -0 gnuplot -c "$HEAPMARK_BIN/plot/nursery.gp" nursery.csv nursery.svg
    [ -z "$output" ]
    for text in 'Longest pause, ms, by MiB of a semispace (lower is better)' generational node_1gc@4x 0.5 128; do
        grep -q ">$text<" nursery.svg || { echo "no $text"; false; }
    done
    sed -i 's/^pause_max_ms/ops_per_s/' nursery.csv
    gnuplot -c "$HEAPMARK_BIN/plot/nursery.gp" nursery.csv nursery.svg
    grep -q 'Operations per second.*higher is better' nursery.svg
}

@test "pauses: a panel for each strategy that has any, by kind, with number, longest and sum" {
    needs_gnuplot
    cat >history.csv <<'ROWS'
workload,strategy,kind,t_s,pause_ms,pauses,total_ms
requests,generational@3x,full,0.5,12,1,12
requests,generational@3x,minor,0.1,0,40,1.25
requests,generational@3x,minor,0.2,0.9,1,0.9
requests,generational@3x,unlisted,1,NaN,0,0.35
requests,generational@2x,cycles,0.5,700,1,700
requests,node,increment,2.5,1500,3,2000
requests,node,unlisted,5,NaN,0,0
cache,other,sweep,5,1,1,1
ROWS
    run -0 gnuplot -c "$HEAPMARK_BIN/plot/pauses.gp" history.csv pauses.svg
    [ -z "$output" ]
    for text in 'requests: pauses of one run (lower is better), collectors @3x' generational@3x node \
        '42 pauses, max 12 ms, sum 14.5 ms' '3 pauses, max 1.5 s, sum 2 s' full minor increment '1 ms' '1 s'; do
        grep -qF ">$text<" pauses.svg || { echo "no $text"; false; }
    done
    run ! grep -qE '>(sweep|cycles|unlisted|other|generational@2x)<' pauses.svg
    run ! grep -q '@2x<' pauses.svg
    head -n 2 history.csv >one.csv # one pause alone, and none after it
    run -0 gnuplot -c "$HEAPMARK_BIN/plot/pauses.gp" one.csv one.svg
    [ -z "$output" ]
    grep -q '>1 pause, max 12 ms, sum 12 ms<' one.svg
}

@test "a campaign without pauses has no chart of them, and says so when asked for it" {
    needs_gnuplot
    rm campaign/pauses.csv
    "$heapmark" summary --quiet campaign
    run -0 "$heapmark" chart --chart pauses campaign
    [ "$output" = "heapmark: chart pauses: nothing to draw: pause_history.csv has no rows" ]
    [ -z "$(ls campaign/charts)" ]
}

@test "leaks: panels of who holds the memory, a matrix of slopes with what was not expected" {
    needs_gnuplot
    printf '%s\n' workload,strategy,ops,needed_mib,reachable_mib,live_mib,used_mib,rss_mib,verdict \
        leak_lost,glibc,10,0,1,2,NaN,3,lost leak_lost,glibc,20,0,1,4,NaN,8,lost \
        leak_lost,marksweep@3x,10,0,1,1,4,4,none leak_lost,marksweep@3x,20,0,1,1,4,4,none \
        leak_cycle,refcount,10,0,0,1,1,1,lost leak_cycle,refcount@3x,10,0,0,1,1,1,lost \
        leak_cycle,nogc,10,0,0,90,90,99,lost >components.csv
    printf '%s\n' workload,strategy,bytes_per_op,low,high,share,verdict,expected,unexpected,status,n \
        leak_lost,glibc,272,270,274,1.06,lost,lost,0,ok,3 leak_lost,jemalloc,1048576,1,2,0.9,logical,lost,2,ok,3 \
        leak_cycle,glibc,NaN,NaN,NaN,NaN,,,0,oom,0 leak_cycle,jemalloc,-0.2,-1,1,0,none,none,0,ok,3 >slopes.csv
    for id in components slopes; do
        run -0 --separate-stderr gnuplot -c "$HEAPMARK_BIN/plot/leak_$id.gp" $id.csv $id.svg
        [ -z "$stderr" ] || { echo "$stderr"; false; }
        grep -q '>leak_cycle<' $id.svg
        grep -q 'is better' $id.svg
    done
    grep -q '>8 MiB<' components.svg
    grep -q '>1 MiB<' components.svg # nogc leaves the frame
    [ "$(grep -c '>refcount<' components.svg)" -eq 1 ]
    for text in 272 '1.05 M' 'logical !' OOM 'none' '2 of 3 verdicts as expected of each; 3 runs; colour: share of what is allocated'; do
        grep -q ">$text<" slopes.svg || { echo "no $text"; false; }
    done
}

@test "every strategy has a look of its own" {
    needs_gnuplot
    ids=$("$heapmark" list strategies | awk '{ print $1 }' | tr '\n' ' ')
    printf 'DATA = "x"; OUT = "x.svg"\nload "%s"\ndo for [s in "%s"] { %s }\n' \
        "$HEAPMARK_BIN/plot/style.gp" "$ids" \
        'print s." ".colour(s)." ".sprintf("%d", marker(s))' >looks.gp
    gnuplot looks.gp 2>looks
    [ "$(wc -l <looks)" = "$(wc -w <<<"$ids")" ]
    cut -d' ' -f2,3 looks | sort | uniq -d >same
    [ ! -s same ] || { cat looks; false; }
}
