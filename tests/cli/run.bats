#!/usr/bin/env bats
# One campaign: plan, statuses, rows.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

@test "a campaign: a row for each cell and block, all ok, the folder is printed last" {
    run -0 "$heapmark" run --out c
    [ "${lines[-1]}" = "campaign: c" ]
    # two workloads x (baseline, twin, well) x two blocks
    [ "$(column c/runs.csv status | sort | uniq -c | tr -s ' ')" = " 12 ok" ]
    [ "$(column c/runs.csv run_id | tr '\n' ' ')" = "0 1 2 3 4 5 6 7 8 9 10 11 " ]
    [ "$(column c/runs.csv arm | sort -u | tr '\n' ' ')" = "baseline test twin " ]
    [ "$(column c/runs.csv wall_ns | sort -u)" = 1000000 ]
    [ ! -e c/inputs ]
    grep -q '^finished_utc,' c/meta.csv
}

@test "--plan prints the plan that a campaign would keep, and nothing runs" {
    run -0 --separate-stderr "$heapmark" run --plan
    [ -z "$stderr" ]
    [ ! -e results ]
    printf '%s\n' "$output" >plan.csv
    run -0 "$heapmark" run --out c
    cmp plan.csv c/plan.csv
}

@test "every suite has a plan" {
    local suite
    for suite in "$HEAPMARK_BIN"/suites/*.ini; do
        run -0 "$HEAPMARK_BIN/heapmark" run --plan --suite "$suite"
        [ "${#lines[@]}" -gt 2 ]
    done
}

@test "figures are in the rows, and may differ from run to run" {
    run -0 "$heapmark" run --out c
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    [ "$(column c/runs.csv figures | grep -cE '^pid=[0-9]+;moved=0$')" -eq 12 ]
    [ "$(column c/runs.csv figures | sort -u | wc -l)" -gt 1 ]
}

@test "without --out the folder is named after time and suite" {
    run -0 "$heapmark" run --blocks 1
    [[ ${lines[-1]} =~ ^campaign:\ results/[0-9]{8}T[0-9]{6}Z-quick$ ]]
    [ -s "${lines[-1]#campaign: }/summary.csv" ]
}

@test "each way to misbehave costs its own rows only, with its status and reason and no time" {
    run -0 --separate-stderr "$heapmark" run --out c --blocks 1 --timeout 1 --workload alpha --strategy \
        garbage,no_end,huge_line,wrong_sum,wrong_count,exit_3,killed,slow,silent,other_malloc,oom,status,well
    expect() { # STRATEGY STATUS REASON
        [ "$(column c/runs.csv status strategy "$1")" = "$2" ]
        grep -q ",$1,.*,$2,\"\?$3" c/runs.csv || { grep ",$1," c/runs.csv; return 1; }
        [ "$2" = ok ] || [ -z "$(sed 's/"[^"]*"//g' c/runs.csv >s.csv; column s.csv wall_ns strategy "$1")" ]
    }
    expect garbage crash "record line 1 ('this is no record') is no name"
    expect no_end crash "its record stops before the line"
    expect huge_line crash "record line 1 ('xxx.*') is longer than 4 KiB"
    expect wrong_sum bad_checksum "checksum 00000000, the census has 0badcafe"
    expect wrong_count bad_checksum "counter steps is 8, the census has 7"
    expect exit_3 crash "exit status 3: something is wrong, and I say so"
    expect killed crash "SIGSEGV"
    expect slow timeout "killed: over the time limit"
    expect silent crash "its record stops before the line"
    expect other_malloc wrong_allocator ""
    expect oom oom "heap is full"
    expect status crash "its record has the status 'splendid'"
    expect well ok ""
    [ "$(column c/runs.csv status strategy glibc | sort -u)" = ok ]
}

@test "failures are counted in words that fit; what cannot run is none" {
    run -0 "$heapmark" run --out one --blocks 1 --workload alpha --strategy oom,well
    [[ $output == *$'\n'"1 run failed; see status and reason in one/runs.csv"* ]]
    run -0 "$heapmark" run --out two --blocks 2 --workload alpha --strategy oom
    [[ $output == *"2 runs failed;"* ]]
    run -0 "$heapmark" run --out none --blocks 1 --workload alpha --strategy absent
    [[ $output != *"failed; see"* ]]
}

@test "not one run that is ok: exit 1, and the rows are there; resuming does not make it good" {
    sed -i 's/0badcafe 7 ok/0badcafe 7 splendid/' bin/heapmark-cell-fake
    run -1 --separate-stderr "$heapmark" run --out c --blocks 1 --workload alpha
    [[ $stderr == *"not one run was ok"* ]]
    [ "${lines[-1]}" = "campaign: c" ]
    [ "$(column c/runs.csv status | grep -c ok)" = 0 ]
    run -1 --separate-stderr "$heapmark" run --resume c
    [[ $stderr == *"not one run was ok"* ]]
}

@test "meta.csv: what the plan holds in words; the suite's own words only when nothing was changed" {
    run -0 "$heapmark" run --out c
    grep -q '^suite_summary,the least there is$' c/meta.csv
    grep -q '^workload.alpha.summary,does nothing$' c/meta.csv
    grep -q '^strategy.well.summary,.' c/meta.csv
    run ! grep -q '^strategy.capped.summary' c/meta.csv
    run -0 "$heapmark" run --out d --blocks 1 --workload alpha
    grep -q '^suite_summary,$' d/meta.csv
    run ! grep -q '^workload.beta.summary' d/meta.csv
    run -0 "$heapmark" run --out e --seed 3
    grep -q '^suite_summary,the least there is$' e/meta.csv
}

@test "what was named and cannot run is a row with the reason; what * means is left out" {
    run -0 "$heapmark" run --out c --blocks 1 --workload alpha,beta --strategy absent,well --threads 2
    grep -q 'alpha,.*,well,.*,unsupported,alpha runs on at most 1 thread' c/runs.csv
    grep -q 'beta,.*,absent,.*,unsupported,absent is off: install libabsent9' c/runs.csv
    grep -q '^[0-9]*,beta,.*,absent,.*,absent is off: install libabsent9,,$' c/plan.csv
    run -0 "$heapmark" run --out d --blocks 1 --workload '*' --strategy absent,well --threads 2
    [ -z "$(column d/runs.csv status status unsupported)" ]
}

@test "heap multiples: one cell each for what obeys a limit, one without for the others" {
    run -0 "$heapmark" run --out c --blocks 1 --workload alpha --strategy capped,well --heap 1.5,3
    [ "$(column c/plan.csv heap_multiple strategy capped | tr '\n' ' ')" = "1.5 3 " ]
    [ "$(column c/plan.csv heap_multiple strategy well)" = "" ]
    [ "$(column c/plan.csv cell strategy well | wc -l)" -eq 1 ]
    # the census says 4 MiB with headers, 4 MB without; the fake says the limit it was given
    [ "$(column c/runs.csv heap_limit_bytes heap_multiple 1.5)" = 6291456 ]
    [ "$(column c/runs.csv heap_peak_bytes heap_multiple 3)" = 12582912 ]
    [ "$(column c/runs.csv heap_1x_bytes | sort -u)" = 4194304 ]
    [ "$(column c/census.csv heap_1x_bytes)" = 4194304 ]
    [ "$(column c/runs.csv live_peak_bytes | sort -u)" = 4000000 ]
}

@test "parameters reach plan, cell and row; percentiles only with samples beyond them" {
    run -0 "$heapmark" run --out c --blocks 1 --workload alpha --param steps=4K
    [ "$(column c/runs.csv params | sort -u)" = "steps=4096;width=2" ]
    [ "$(column c/runs.csv lat_p50_ns | sort -u)" = 199 ]
    [ "$(column c/runs.csv lat_p90_ns | sort -u)" = "" ]
    [ "$(column c/runs.csv remote_free_ratio | sort -u)" = 0.5 ]
}

@test "a variant runs its strategy with option and environment, under its own id" {
    cat >v.ini <<'INI'
[suite]
workloads = alpha
strategies = deep
blocks = 1
[variant deep]
strategy = well
option.depth = 5
env.TUNABLE = yes
INI
    sed -i '2i env >>"'"$BATS_TEST_TMPDIR"'/seen"; echo "$@" >>"'"$BATS_TEST_TMPDIR"'/seen"' bin/heapmark-cell-fake
    run -0 "$heapmark" run --suite v.ini --out c
    [ "$(column c/runs.csv status strategy deep)" = ok ]
    grep -q '^run alpha strategy=well .*option.depth=5' seen
    grep -q '^TUNABLE=yes$' seen
}

@test "the environment of a run is clean but for padding" {
    sed -i '2i [ "$1" != run ] || env | cut -d= -f1 >>"'"$BATS_TEST_TMPDIR"'/seen"' bin/heapmark-cell-fake
    MALLOC_ARENA_MAX=1 SECRET=x run -0 "$heapmark" run --out c --blocks 1 --workload alpha
    [ "$(sort -u seen | grep -vE '^(PATH|HOME|TMPDIR|LANG|HEAPMARK_PADDING|PWD|OLDPWD|SHLVL|_)$')" = "" ]
    [ "$(column c/runs.csv env_pad_bytes | sort -u | wc -l)" -gt 1 ]
}

@test "the order of a block follows the seed" {
    run -0 "$heapmark" run --out a --blocks 2
    run -0 "$heapmark" run --out b --blocks 2
    run -0 "$heapmark" run --out c --blocks 2 --seed 7
    [ "$(column a/runs.csv cell)" = "$(column b/runs.csv cell)" ]
    [ "$(column a/runs.csv cell)" != "$(column c/runs.csv cell)" ]
}

@test "the suite that a campaign keeps asks for the same plan again" {
    run -0 "$heapmark" run --out a --workload alpha --strategy well,capped --heap 2 --seed 9 --param width=3
    run -0 "$heapmark" run --suite a/suite.ini --out b
    diff a/plan.csv b/plan.csv
}

@test "--ci: ten blocks at least, no more when the intervals are tight, and meta.csv says so" {
    run -0 "$heapmark" run --out c --workload alpha --ci 2%
    [ "$(column c/runs.csv block | sort -n | tail -n 1)" = 9 ]
    grep -q '^ci_target_met,1$' c/meta.csv
}

@test "a terminal gets one line that is rewritten, with the time left" {
    script -qec true /dev/null >/dev/null 2>&1 || skip "no pseudo-terminal to be had here"
    command -v script >/dev/null || skip "no script(1)"
    run -0 script -qec "'$heapmark' run --out c" /dev/null
    [[ $output == *$'\r'*"[  3/12] block 1/2  "*" x "*"   about "*" s left"* ]]
}

@test "a run does not outlive a driver that is killed" {
    "$heapmark" run --out c --workload alpha --strategy slow --blocks 1 >/dev/null 2>&1 &
    driver=$!
    child=""
    for _ in $(seq 100); do
        child=$(pgrep -P "$driver" -x sleep) && break
        sleep 0.1
    done
    kill -KILL "$driver"
    sleep 0.5
    [ -n "$child" ]
    # gone, or a zombie that a container's first process does not collect
    [ ! -e "/proc/$child" ] || grep -q '^State:.Z' "/proc/$child/status"
}

@test "interrupted: the run at hand is dropped, the way to go on is named, exit 130" {
    "$heapmark" run --out c --workload alpha --strategy slow --blocks 1 2>err &
    driver=$!
    for _ in $(seq 100); do
        [ ! -s c/runs.csv ] || ! pgrep -P "$driver" -f strategy=slow >/dev/null || break
        sleep 0.1
    done
    kill -INT "$driver" || kill -TERM "$driver"
    status=0
    wait "$driver" || status=$?
    [ "$status" -eq 130 ]
    grep -q "; go on with $heapmark run --resume c\$" err
    [ -z "$(column c/runs.csv status status timeout)" ]
}

@test "a real cell: identity, census, samples and side files agree" {
    [ -e "$HEAPMARK_BIN/fixtures/crash.so" ] || skip "a sanitizer needs more memory than a cap allows"
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --workload leak_lost --blocks 1 --strategy nogc \
        --param steps=50000
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    [ "$(column c/runs.csv leak_verdict | sort -u)" = lost ]
    [ "$(column c/runs.csv checksum | sort -u | wc -l)" -eq 1 ]
    [ "$(column c/leaks.csv checkpoint run_id 0 | wc -l)" -eq 10 ]
    [ "$(column c/samples.csv phase | sort -u | grep -c run)" -eq 1 ]
}

@test "checkpoints: what is needed, reachable, live and used is each within the next" {
    [ -e "$HEAPMARK_BIN/fixtures/crash.so" ] || skip "a sanitizer owns malloc"
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --blocks 1 --param steps=50000 \
        --workload leak_cache,leak_lost,leak_cycle --strategy glibc,marksweep,refcount
    last() { # WORKLOAD STRATEGY: the last checkpoint
        local id
        id=$(column c/runs.csv run_id workload "$1" strategy "$2" | head -n 1)
        awk -F, -v id="$id" '$1 == id && $2 == 10 { print $4, $5, $6 }' c/leaks.csv
    }
    awk -F, 'NR > 1 && ($4 == "" || $4 > $5 || $5 > $6 || $6 > $7) { print; bad = 1 } END { exit bad || NR < 100 }' \
        c/leaks.csv
    [ "$(last leak_lost glibc)" = "256 256 12800000" ]
    [ "$(last leak_lost marksweep)" = "256 256 264" ]
    [ "$(last leak_cycle marksweep)" = "0 0 0" ]
    read -r needed reachable live <<<"$(last leak_cycle refcount)"
    [ "$needed $reachable" = "0 0" ] && [ "$live" -gt 12800000 ]
    for strategy in glibc marksweep refcount; do
        read -r needed reachable live <<<"$(last leak_cache $strategy)"
        [ "$needed" -lt 100000 ] && [ "$reachable" -gt 12800000 ] && [ "$live" -lt $((reachable * 11 / 10)) ]
    done
}

@test "checkpoints: what a malloc holds is its own account, and empty where it gives none" {
    [ -e "$HEAPMARK_BIN/fixtures/crash.so" ] || skip "a sanitizer owns malloc"
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --workload leak_lost --blocks 1 --param steps=20000 \
        --strategy glibc,tlsf,jemalloc,tcmalloc
    used() { # STRATEGY: the figures of its run
        column c/leaks.csv used_bytes run_id "$(column c/runs.csv run_id strategy "$1" status ok | head -n 1)"
    }
    [ -z "$(used tlsf | tr -d '\n')" ] # and not what the C library's malloc says
    for strategy in glibc jemalloc tcmalloc; do
        [ -n "$(column c/runs.csv run_id strategy $strategy status ok)" ] || continue
        last=$(used $strategy | tail -n 1)
        # 20000 payloads of 256 bytes, and some more for each
        [ "$last" -ge 5120000 ] && [ "$last" -lt 7000000 ] || { echo "$strategy: $last"; false; }
    done
}

@test "meta.csv says of each malloc what it is: version, file, build id, package" {
    [ -e "$HEAPMARK_BIN/fixtures/crash.so" ] || skip "a sanitizer owns malloc"
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --workload churn --blocks 1 --param ops=1000 \
        --strategy 'jemalloc,tlsf'
    grep -qE '^strategy.glibc.malloc,/.*/libc.so.6$' c/meta.csv
    grep -qE '^strategy.glibc.build_id,[0-9a-f]{40}$' c/meta.csv
    grep -qx 'strategy.tlsf.malloc,libhm_tlsf.so' c/meta.csv
    grep -qE '^strategy.marksweep.build_id,$' c/meta.csv
    grep -q '^strategy.jemalloc.state,on$' c/meta.csv || skip "libjemalloc2 is not installed"
    grep -qE '^strategy.jemalloc.version,5\.[0-9.]+$' c/meta.csv
    grep -qE '^strategy.jemalloc.build_id,[0-9a-f]{40}$' c/meta.csv
    grep -qE '^strategy.jemalloc.package,libjemalloc2 5\.' c/meta.csv
    [[ $(column c/runs.csv version strategy jemalloc) == 5.* ]]
}

@test "a library of one's own has the version that it tells, or that of its name" {
    [ -e "$HEAPMARK_BIN/fixtures/crash.so" ] || skip "a sanitizer owns malloc"
    cp "$HEAPMARK_BIN/libhm_tlsf.so" libmine.so.7.1
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --workload churn --blocks 1 --param ops=1000 \
        --strategy ./libmine.so.7.1
    [[ $(column c/runs.csv version strategy mine) == 7.1 ]]
    jemalloc=$(PATH=$PATH:/sbin ldconfig -p | awk '/libjemalloc.so.2 / { print $NF; exit }')
    [ -n "$jemalloc" ] || skip "libjemalloc2 is not installed"
    cp "$jemalloc" libmine.so.7.1
    run -0 "$HEAPMARK_BIN/heapmark" run --out d --workload churn --blocks 1 --param ops=1000 \
        --strategy ./libmine.so.7.1
    [[ $(column d/runs.csv version strategy mine) == 5.* ]]
}

@test "a leak's twin is expected to stay flat, but under what never frees" {
    run -0 "$HEAPMARK_BIN/heapmark" run --out c --workload leak_connection --blocks 1 \
        --strategy nogc --param steps=50000
    [ "$(column c/runs.csv leak_expected | sort -u)" = lost ]
    run -0 "$HEAPMARK_BIN/heapmark" run --out d --workload leak_connection --blocks 1 \
        --strategy nogc --param steps=50000 --param twin=1
    [ "$(column d/runs.csv leak_expected strategy nogc)" = lost ]
    [ "$(column d/runs.csv leak_expected strategy glibc | sort -u)" = none ]
    [ "$(column c/runs.csv checksum | sort -u)" = "$(column d/runs.csv checksum | sort -u)" ]
}

@test "--option sets what a strategy takes, again in a resumed campaign" {
    run -0 "$heapmark" run --out c --workload alpha --strategy well,capped --blocks 1 \
        --option well.depth=2 --option well.depth=3 --option capped.mode=some
    [ "$(column c/runs.csv moved_bytes strategy well)" = 30000 ]
    [ "$(column c/runs.csv moved_bytes strategy capped)" = 200000 ]
    grep -q '^option.depth = 3$' c/suite.ini
    run -0 "$heapmark" run --resume c
}

@test "a variant has the options of its own, --option may add to them" {
    printf '[suite]\nworkloads = alpha\nstrategies = well, deep\nblocks = 1\n%s\n' \
        '[variant deep]
strategy = well
option.depth = 4' >v.ini
    run -0 "$heapmark" run --out c --suite v.ini
    [ "$(column c/runs.csv moved_bytes strategy well)" = 0 ]
    [ "$(column c/runs.csv moved_bytes strategy deep)" = 40000 ]
    run -0 "$heapmark" run --out d --suite v.ini --option deep.depth=5
    [ "$(column d/runs.csv moved_bytes strategy deep)" = 50000 ]
}

@test "--stress and --verify reach collectors, and no others" {
    run -0 "$heapmark" run --out c --workload alpha --strategy well,capped --blocks 1 \
        --stress 64 --verify
    [ "$(column c/runs.csv moved_bytes strategy well)" = 0 ]
    [ "$(column c/runs.csv moved_bytes strategy capped)" = 1064 ]
    grep -q '^stress = 64$' c/suite.ini
    grep -q '^verify = yes$' c/suite.ini
}
