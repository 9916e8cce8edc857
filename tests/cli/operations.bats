#!/usr/bin/env bats
# `heapmark run --operations` and `--syscalls`: what a run beside the timed one tells.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

# A program beside the fake cell that times 30 mallocs, 20 of them in the bucket of 100 ns.
fake_operations() {
    sed "s/^    put 'lat_n/    put 'operation\\\\tmalloc\\\\t100\\\\t199\\\\t20\\\\noperation\\\\tmalloc\\\\t200\\\\t299\\\\t10\\\\n'\n&/" \
        bin/heapmark-cell-fake >bin/heapmark-operations-fake
    chmod +x bin/heapmark-operations-fake
}

@test "operations are timed once, in block 0, and stand beside the samples in hist.csv" {
    fake_operations
    run -0 "$heapmark" run --operations --workload beta --out c
    [ "$(column c/hist.csv operation | sort | uniq -c | tr -s ' \n' ' ')" = " 12 6 malloc " ]
    [ "$(column c/hist.csv count operation malloc low_ns 200 | sort -u)" = 10 ]
    grep -qx 'beta,well,malloc,p50,100,30,NaN' c/operations.csv # which this cell does not tell
    [ "$(grep -c p99 c/operations.csv)" -eq 0 ] # too few samples beyond
    grep -qx 'operations = yes' c/suite.ini
}

@test "a cell without a program that times operations is told, once" {
    run -0 "$heapmark" run --operations --blocks 1 --out c
    [[ $output == *"operations by kind of 6 cells were not counted; "*": only block workloads have any"* ]]
    [ "$(grep -c 'not counted' <<<"$output")" -eq 1 ]
    [ "$(column c/runs.csv status | sort -u)" = ok ]
}

@test "an object workload has none, although its malloc's program times operations" {
    fake_operations
    run -0 "$heapmark" run --operations --blocks 1 --out c
    [[ $output == *"operations by kind of 3 cells were not counted; "*"alpha"*": only block workloads have any"* ]]
    [[ $output != *"with a clock in each request"* ]]
    [ "$(column c/hist.csv count operation malloc low_ns 200 | wc -l)" -eq 3 ] # of beta
    run -0 "$HEAPMARK_BIN/heapmark" run --operations --blocks 1 --workload cache \
        --strategy glibc --out d
    [[ $output == *": only block workloads have any"* ]]
}

@test "every request of the real cell is timed, and its own run gives the times" {
    run -0 "$HEAPMARK_BIN/heapmark" run --operations --blocks 1 --workload churn \
        --param ops=20000 --strategy threadcache --out c
    echo "$output"
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    for strategy in glibc threadcache; do
        grep -q "^churn,$strategy,malloc,p99.9,[0-9]*,20000,[1-9][0-9]*$" c/operations.csv
        grep -q "^churn,$strategy,free,p99," c/operations.csv
        [[ $(column c/runs.csv figures strategy "$strategy" arm "$([ "$strategy" = glibc ] &&
            echo baseline || echo test)") =~ ^internal_frag_permille=[0-9]+$ ]]
    done
}

# draw P50_NS CLOCK_COST_NS: the chart of one malloc, whose tail is at 500 ns.
draw() {
    printf '%s\n' workload,strategy,operation,percentile,latency_ns,samples,clock_cost_ns \
        "churn,glibc,malloc,p50,$1,5000,$2" "churn,glibc,malloc,p99,500,5000,$2" >o.csv
    run -0 --separate-stderr gnuplot -c "$HEAPMARK_BIN/plot/operations.gp" o.csv o.svg
    [ -z "$stderr" ]
}

@test "what is below three times the cost of the clock is drawn in grey, and the chart says so" {
    needs_gnuplot
    grey='#bbbbbb|rgb\( *187, *187, *187 *\)'
    draw 59 20
    grep -qiE "$grey" o.svg
    grep -qE 'grey: (<|&lt;) 3 × clock \(20 ns\)' o.svg
    draw 60 20
    run ! grep -qiE "$grey" o.svg
    draw 59 NaN # an older campaign
    run ! grep -qiE "$grey" o.svg
    run ! grep -q grey: o.svg
}

@test "without strace the option is refused in one line" {
    mkdir path
    for program in sh cat sed tr head printf; do
        ln -s "$(command -v "$program")" path/
    done
    run -2 --separate-stderr env PATH="$PWD/path" "$heapmark" run --syscalls --out c
    one_complaint "--syscalls: strace, which counts, is not in PATH; install the package strace"
    [ ! -e c ]
}

@test "strace counts the calls of the window, as figures" {
    command -v strace || skip "no strace"
    run -0 "$HEAPMARK_BIN/heapmark" run --syscalls --blocks 1 --workload large_replace \
        --strategy bump --out c
    echo "$output"
    [[ $output != *"not counted"* ]]
    [[ $output == *"mmap_calls: "* ]]
    [[ $(column c/runs.csv figures arm baseline) =~ munmap_calls=[1-9] ]]
    [ ! -e c/inputs ]
}
