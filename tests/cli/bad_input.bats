#!/usr/bin/env bats
# Bad input: one clear line, a non-zero exit, nothing half-written.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
}

# refused STATUS TEXT OPTION...: one line that holds TEXT, and no folder.
refused() {
    local status=$1 text=$2
    shift 2
    run "-$status" --separate-stderr "$heapmark" run --out c "$@"
    one_complaint "$text"
    [ ! -e c ]
    [ -z "$output" ]
}

@test "unknown workload, strategy, baseline, suite: a suggestion" {
    refused 2 "unknown workload 'alhpa' (did you mean 'alpha'?)" --workload alhpa
    refused 2 "unknown strategy 'glbic' (did you mean 'glibc'?)" --strategy glbic
    refused 2 "unknown strategy 'nothing_like_it'; see" --strategy nothing_like_it
    refused 2 "unknown strategy 'wel'" --baseline wel
    refused 2 "unknown suite 'quik' (did you mean 'quick'?)" --suite quik
}

@test "unknown option: argp names it and --help" {
    run -2 "$heapmark" run --blokcs 3
    [[ $output == *blokcs* ]]
    run -2 "$heapmark" run alpha
    [[ $output == *"did you mean --workload alpha?"* ]]
}

@test "numbers that are none, or outside their range" {
    refused 2 "blocks 'many' is no number from 1 to 10000" --blocks many
    refused 2 "blocks '0' is no number from 1 to 10000" --blocks 0
    refused 2 "threads '0' is no number" --threads 0
    refused 2 "seed '-1' is no number" --seed -1
    refused 2 "ci 'tight' is no half-width" --ci tight
    refused 2 "size 'huge' is neither quick nor full" --size huge
    refused 2 "--timeout '1e9' is no number of seconds from 1 to 86400" --timeout 1e9
    refused 2 "--memory-cap '1K' is no size from 1M to 1024T (K, M, G or T may follow)" --memory-cap 1K
    refused 2 "--memory-cap '1025T' is no size" --memory-cap 1025T
    refused 2 "--blocks 'many' is no number" --blocks many
}

@test "empty lists: the option is named" {
    for option in --workload --strategy --heap --load --threads; do
        refused 2 "$option '' is an empty list" $option ''
        refused 2 "$option ',' is an empty list" $option ,
    done
}

@test "--ci and --blocks exclude each other" {
    run -2 --separate-stderr "$heapmark" run --out c --ci 2% --blocks 3
    [[ $stderr == *"--ci and --blocks exclude each other"* ]]
    [ ! -e c ]
}

@test "output that cannot be written: one line, exit 1" {
    [ -w /dev/full ] || skip "no /dev/full"
    run -0 "$heapmark" run --out c --blocks 1
    for words in "list" "summary c" "columns" "help"; do
        # shellcheck disable=SC2086  # words
        run -1 --separate-stderr bash -c "exec '$heapmark' $words >/dev/full"
        one_complaint "cannot write the output"
    done
}

@test "a heap limit below what the workload needs" {
    refused 2 "heap '0.5' is no multiple of the needed bytes from 1 to 1000" --heap 0.5
    refused 2 "heap 'nan' is no multiple" --heap nan
}

@test "parameters: unknown name, no number, outside the range" {
    refused 2 "no selected workload has a parameter 'stepz'" --param stepz=3
    refused 2 "'steps' is not NAME=VALUE" --param steps
    refused 2 "workload alpha: steps is 6000, not from 1 to 5000" --param steps=6000
}

@test "malformed suites: file, line, reason" {
    ini() { printf '%b' "$1" >bad.ini; }
    ini '[suite]\nworkloads = alpha\nblocks = x\n'
    refused 2 "bad.ini:3: blocks 'x' is no number" --suite bad.ini
    ini '[suite]\nworkloads alpha\n'
    refused 2 "bad.ini:2: neither a [section] nor NAME = value" --suite bad.ini
    ini '[siute]\nworkloads = alpha\n'
    refused 2 "bad.ini:2: section [siute] is none of" --suite bad.ini
    ini '[suite]\nstrategies = well\n'
    refused 2 "bad.ini: [suite] has no workloads" --suite bad.ini
    ini '[suite]\nworkloads = alpha\n[variant v]\nenv.X = 1\n'
    refused 2 "bad.ini: [variant v] has no strategy" --suite bad.ini
    ini '[suite]\nworkloads = alpha\n[variant v]\nenv.LD_PRELOAD = x\n'
    refused 2 "bad.ini:4: unknown key 'env.LD_PRELOAD'" --suite bad.ini
    ini '[suite]\nworkloads = alpha\nstrategies = v\n[variant v]\nstrategy = well\noption.width = 1\n'
    refused 2 "v: strategy well has no option 'width'; it has: depth" --suite bad.ini
    refused 2 "missing.ini: cannot be opened" --suite missing.ini
}

@test "libraries: missing, no library, another machine's, without malloc" {
    heapmark=$HEAPMARK_BIN/heapmark
    fixtures=$HEAPMARK_BIN/fixtures
    [ -e "$fixtures/no_malloc.so" ] || skip "no fixture libraries (sanitizer build)"
    refused 2 "library ./libnone.so: there is no such file" --strategy ./libnone.so
    echo text >libtext.so
    refused 2 "library ./libtext.so: it is no ELF file" --strategy ./libtext.so
    refused 2 "wrong_arch.so: it is for" --strategy "$fixtures/wrong_arch.so"
    refused 2 "no_malloc.so: it exports no malloc" --strategy "$fixtures/no_malloc.so"
    cp "$fixtures/counting.so" libjemalloc.so
    refused 2 "library ./libjemalloc.so: the id 'jemalloc' is taken" --strategy ./libjemalloc.so
}

@test "libraries that crash, hang, corrupt or eat memory cost their own rows only" {
    heapmark=$HEAPMARK_BIN/heapmark
    fixtures=$HEAPMARK_BIN/fixtures
    [ -e "$fixtures/crash.so" ] || skip "no fixture libraries (sanitizer build)"
    run -0 --separate-stderr "$heapmark" run --out c --workload churn --blocks 1 --timeout 3 \
        --memory-cap 256M --param ops=200000 \
        --strategy "$fixtures/crash.so,$fixtures/hang.so,$fixtures/corrupt.so,$fixtures/greedy.so"
    sed 's/"[^"]*"//g' c/runs.csv >s.csv
    [ "$(column s.csv status strategy crash)" = crash ]
    [ "$(column s.csv status strategy hang)" = timeout ]
    [ "$(column s.csv status strategy corrupt)" = bad_checksum ]
    [ "$(column s.csv status strategy greedy)" = oom ]
    [ "$(column s.csv status strategy glibc | sort -u)" = ok ]
    [ "$(column s.csv wall_ns strategy crash)$(column s.csv wall_ns strategy corrupt)" = "" ]
}

@test "nothing that can run: an error, not an empty campaign" {
    refused 2 "the baseline absent is off: install libabsent9" --baseline absent
    refused 2 "nothing of it can run here: alpha runs on at most 1 thread" --workload alpha --threads 2
}

@test "folders: used, unwritable, full" {
    mkdir used && touch used/file
    run -2 --separate-stderr "$heapmark" run --out used
    one_complaint "go on with --resume used"
    [ "$(ls used)" = file ]
    run -1 --separate-stderr "$heapmark" run --out /proc/nowhere
    one_complaint "--out /proc/nowhere: No such file or directory"
    touch plain
    run -1 --separate-stderr "$heapmark" run --out plain/c
    one_complaint "--out plain/c: Not a directory"
    run -2 --separate-stderr "$heapmark" run --out a --resume b
    [[ $stderr == *"--out and --resume exclude each other"* ]]
}

@test "a full disk stops the campaign with the file's name and the way to go on" {
    # a limit on the size of files fails a write as a full disk does
    run -1 --separate-stderr bash -c "ulimit -f 8; exec '$heapmark' run --out c --blocks 20"
    one_complaint ".csv: File too large; make room, then continue with --resume"
    rows=$(column c/runs.csv run_id | wc -l)
    [ "$rows" -gt 5 ] && [ "$rows" -lt 120 ]
    run -0 "$heapmark" run --resume c
    [ "$(column c/runs.csv run_id | sort -u | wc -l)" -eq 120 ]
}

@test "options of strategies: what, where and the accepted values" {
    refused 2 "--option 'depth=3' is not STRATEGY.NAME=VALUE" --option depth=3
    refused 2 "--option 'well.depth' is not STRATEGY.NAME=VALUE" --option well.depth
    refused 2 "--option 'well.depth=' is not STRATEGY.NAME=VALUE" --option well.depth=
    refused 2 "--option '.depth=3' is not STRATEGY.NAME=VALUE" --option .depth=3
    refused 2 "unknown strategy 'wel' (did you mean 'well'?)" --option wel.depth=3
    refused 2 "well: strategy well has no option 'dpeth'; it has: depth" --option well.dpeth=3
    refused 2 "oom: strategy oom has no option 'depth'; it has none" --option oom.depth=3
    refused 2 "well: option depth '10' is no number from 0 to 9 (K, M, G or T may follow)" \
        --option well.depth=10
    refused 2 "well: option depth 'deep' is no number from 0 to 9" --option well.depth=deep
    refused 2 "capped: option mode 'often' is none of never|some|always" --option capped.mode=often
    refused 2 "capped: option mode '3' is none of never|some|always" --option capped.mode=3
}

@test "options that nothing would heed: what, why, what to do" {
    refused 2 "--option capped.mode=some: nothing is measured under capped (it is not selected, or" \
        --option capped.mode=some
    [[ $stderr == *"name it in --strategy or leave the option out" ]]
    refused 2 "--option well.depth=3: nothing is measured under well" --strategy capped \
        --option capped.mode=some --option well.depth=3
    printf '[suite]\nworkloads = alpha\nstrategies = well\n[variant deep]\nstrategy = well\n' >v.ini
    refused 2 "--option deep.depth=3: nothing is measured under deep" --suite v.ini \
        --option deep.depth=3
    refused 2 "--stress: no collector is selected" --stress 64K
    refused 2 "--verify: no collector is selected" --verify
}

@test "a variant of a suite: its option is checked, its id may not be another strategy's" {
    printf '[suite]\nworkloads = alpha\nstrategies = v\n[variant v]\nstrategy = well\n%s\n' \
        'option.depth = 10' >v.ini
    refused 2 "v: option depth '10' is no number from 0 to 9" --suite v.ini
    printf '[suite]\nworkloads = alpha\n[variant oom]\nstrategy = well\n' >v.ini
    refused 2 "variant oom: another strategy has that id" --suite v.ini
}

@test "--stress" {
    refused 2 "--stress '0' is no number of bytes from 1 to 1024T" --stress 0
    refused 2 "--stress 'much' is no number of bytes from 1 to 1024T" --stress much
}
