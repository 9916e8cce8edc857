#!/usr/bin/env bats
# What there is to run.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

@test "help and version" {
    run -0 "$heapmark" --help
    [[ $output == *list*run* ]]
    run -0 "$heapmark" --version
    [[ $output =~ ^heapmark\ [0-9]+\.[0-9]+ ]]
    for help in help -h '-?'; do
        run -0 "$heapmark" "$help"
        [[ $output == "Usage: heapmark VERB"* ]]
    done
    run -0 "$heapmark" columns --help
    [[ $output == "Usage: heapmark columns"* ]]
    run -0 "$heapmark" run -h
    [[ $output == *--resume=DIR* ]]
    run -0 "$heapmark" run --help
    [[ $output == *--resume=DIR* ]]
}

@test "workloads: id first, kind, summary, in order" {
    run -0 "$heapmark" list workloads
    [[ ${lines[0]} =~ ^alpha\ +object\ +does\ nothing$ ]]
    [[ ${lines[1]} =~ ^beta\ +block\ +does\ nothing$ ]]
}

@test "strategies: glibc first, one that is not installed is off and says what to install" {
    run -0 "$heapmark" list strategies
    [[ ${lines[0]} =~ ^glibc\ +on\ +allocator\  ]]
    grep -qE '^absent +off +[a-z]+ +install libabsent9: is not installed$' <<<"$output"
}

@test "params: workload.name, quick, full, range, meaning; not in the list of everything" {
    run -0 "$heapmark" list params
    [[ ${lines[0]} =~ ^WORKLOAD\.PARAMETER\ +quick\ +full\ +range\ +meaning$ ]]
    [[ ${lines[1]} =~ ^alpha\.steps\ +[0-9]+\ +[0-9]+\ +[0-9]+\.\.5000\ +[a-z] ]]
    run -0 "$heapmark" list
    [[ $output != *alpha.steps* ]]
}

@test "options: strategy.name, value, range, meaning; not in the list of everything" {
    run -0 "$heapmark" list options
    [[ ${lines[0]} =~ ^STRATEGY\.OPTION\ +default\ +range\ +meaning$ ]]
    [[ $output =~ well\.depth\ +1\ +0\.\.9\ +nothing ]]
    [[ $output =~ capped\.mode\ +never\ +0\.\.2\ +never\|some\|always:\ nothing ]]
    run -0 "$heapmark" list
    [[ $output != *well.depth* ]]
}

@test "options: the default of a choice is the name that --option takes, in columns that hold" {
    run -0 "$HEAPMARK_BIN/heapmark" list options
    [[ $output =~ immix\.evacuate\ +fragmented\ +0\.\.2\ +never\|fragmented\|always ]]
    [[ $output =~ semispace\.growth\ +fixed\ +0\.\.3\ +fixed\|factor ]]
    # where the range begins
    [ "$(sed -E 's/^([^ ]+ +[^ ]+  ).*/\1/' <<<"$output" | awk '{ print length }' | sort -u | wc -l)" = 1 ]
}

@test "suites: a broken one is off and says why" {
    printf '[suite]\nbloks = 3\n' >bin/suites/broken.ini
    run -0 "$heapmark" list suites
    grep -qE '^broken +off .*broken.ini:2: unknown key .bloks. \(did you mean .blocks.\?\)' <<<"$output"
    grep -qE '^quick +on +the least there is$' <<<"$output"
}

@test "unknown kind: a suggestion, exit 2" {
    run -2 --separate-stderr "$heapmark" list strategys
    one_complaint "did you mean 'strategies'?"
}

@test "unknown verb: a suggestion, exit 2" {
    run -2 --separate-stderr "$heapmark" rnu
    one_complaint "did you mean 'run'?"
}

@test "no cells: says where it looked" {
    rm bin/heapmark-cell-fake
    run -1 --separate-stderr "$heapmark" list workloads
    one_complaint "no heapmark-cell-* programs in $BATS_TEST_TMPDIR/bin"
}

@test "a cell that breaks the protocol is named with the line" {
    printf '#!/bin/sh\nprintf "strategy\\tonly\\ttwo\\n"\n' >bin/heapmark-cell-fake
    run -1 --separate-stderr "$heapmark" list workloads
    one_complaint "heapmark-cell-fake list: line 1 ('strategy ...') is not as docs/protocol.md says"
}

@test "a cell whose runtime is missing: off, with what to install; else its version" {
    cat >bin/heapmark-cell-script <<'SH'
#!/bin/sh
case $1 in
list) printf 'strategy\tscripted\tcollector\t\tscript9\tcounting\truns scripts\n' ;;
identity) [ -e there ] && printf '/fake/libc.so.6\nv9 (fast)\n' ;;
esac
SH
    chmod +x bin/heapmark-cell-script
    run -0 "$heapmark" list strategies
    grep -qE '^scripted +off +collector +install script9: runs scripts$' <<<"$output"
    touch there
    run -0 "$heapmark" list strategies
    grep -qE '^scripted +on +collector +runs scripts$' <<<"$output"
}

@test "the real cells: every strategy has a state" {
    run -0 "$HEAPMARK_BIN/heapmark" list strategies
    [ "$(grep -cE '^[a-z0-9_]+ +(on|off) +' <<<"$output")" -eq "${#lines[@]}" ]
    grep -qE '^glibc +on +allocator ' <<<"$output"
    grep -qE '^marksweep +on +collector ' <<<"$output"
    grep -qE '^nogc +on +bound ' <<<"$output"
}

@test "columns: the dictionary and the schema in results/ are what the driver prints" {
    "$HEAPMARK_BIN/heapmark" columns | diff - "$BATS_TEST_DIRNAME/../../results/README.md"
    "$HEAPMARK_BIN/heapmark" columns --schema | diff - "$BATS_TEST_DIRNAME/../../results/schema.json"
}
