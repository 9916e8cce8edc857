#!/usr/bin/env bats
# `heapmark run --icount`: instructions per operation, under valgrind.

bats_require_minimum_version 1.5.0
load driver.bash

setup() {
    fake_driver
    cd "$BATS_TEST_TMPDIR"
    mkdir path
}

# A valgrind that counts 4242 in the window of whatever it runs, or does what $1 says.
fake_valgrind() {
    cat >path/valgrind <<END
#!/bin/sh
for word in "\$@"; do
    case \$word in --callgrind-out-file=*) file=\${word#*=} ;; esac
done
while [ "\${1#--}" != "\$1" ]; do shift; done
${1:-printf 'events: Ir\ntotals: 4242\n' >"\$file.1"; : >"\$file"}
echo "\$*" >>"$PWD/calls"
exec "\$@"
END
    chmod +x path/valgrind
    PATH=$PWD/path:$PATH
}

@test "without valgrind the option and the key are refused in one line, and nothing is made" {
    for program in sh cat sed tr head printf; do
        ln -s "$(command -v "$program")" path/
    done
    run -2 --separate-stderr env PATH="$PWD/path" "$heapmark" run --icount --out c
    one_complaint "--icount: valgrind, which counts, is not in PATH; install the package valgrind"
    printf '[suite]\nworkloads = alpha\nicount = yes\n' >my.ini
    run -2 --separate-stderr env PATH="$PWD/path" "$heapmark" run --suite my.ini --out c
    one_complaint "install the package valgrind"
    [ ! -e c ]
    run -0 env PATH="$PWD/path" "$heapmark" run --blocks 1 --out c
}

@test "each cell is counted once, in block 0; its own run gives the times" {
    fake_valgrind
    run -0 "$heapmark" run --icount --out c
    [[ $output == *"Ir/op"* ]]
    [[ $output != *"were not counted"* ]]
    [ "$(column c/runs.csv instructions_per_op block 0 | sort -u)" = 42.42 ]
    [ -z "$(column c/runs.csv instructions_per_op block 1 | tr -d '\n')" ]
    [ "$(wc -l <calls)" -eq 6 ]
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    [ "$(column c/summary.csv n metric instructions_per_op workload alpha | sort -u)" = 1 ]
    [ "$(column c/summary.csv median metric instructions_per_op | grep . | sort -u)" = 42.42 ]
    [ ! -e c/inputs ]
    grep -qx 'icount = yes' c/suite.ini
}

@test "a campaign with counts is another plan than one without" {
    fake_valgrind
    run -0 "$heapmark" run --blocks 1 --out c
    run -2 --separate-stderr "$heapmark" run --resume c --icount
    one_complaint "it holds another plan"
    [ ! -e calls ]
}

@test "what cannot be counted leaves the field empty, and one line says how many and why" {
    fake_valgrind ': >"$file"'
    run -0 "$heapmark" run --icount --blocks 1 --workload alpha --out unseen
    [[ $output == *"instructions of 3 cells were not counted; alpha x "*": valgrind did not see the clock window"* ]]
    [ "$(grep -c 'not counted' <<<"$output")" -eq 1 ]
    [ -z "$(column unseen/runs.csv instructions_per_op | tr -d '\n')" ]
    [ "$(column unseen/runs.csv status | sort -u)" = ok ]
    [[ $output != *"Ir/op"* ]]
    fake_valgrind ': >"$file.1"'
    run -0 "$heapmark" run --icount --blocks 1 --workload alpha --out empty
    [[ $output == *"what valgrind wrote holds no count"* ]]
    fake_valgrind 'echo "no such tool" >&2; exit 1'
    run -0 "$heapmark" run --icount --blocks 1 --workload alpha --out failed
    [[ $output == *"crash under valgrind: exit status 1: no such tool"* ]]
    [ "$(column failed/runs.csv status | sort -u)" = ok ]
}

@test "a run that is wrong under valgrind has no count" {
    fake_valgrind 'printf "totals: 4242\n" >"$file.1"; sed "s/0badcafe 7/0badcafe 8/" "$1" >wrong
        chmod +x wrong; shift; set -- ./wrong "$@"'
    run -0 "$heapmark" run --icount --blocks 1 --workload alpha --out c
    [[ $output == *"bad_checksum under valgrind: counter steps is 8"* ]]
    [ -z "$(column c/runs.csv instructions_per_op | tr -d '\n')" ]
}

@test "valgrind itself: the twin counts as its baseline, and another malloc otherwise" {
    command -v valgrind || skip "no valgrind"
    [[ -e $HEAPMARK_BIN/fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    run -0 "$HEAPMARK_BIN/heapmark" run --icount --blocks 1 --workload churn \
        --param ops=20000 --strategy threadcache --out c
    [ "$(column c/runs.csv status | sort -u)" = ok ]
    glibc=$(column c/runs.csv instructions_per_op arm baseline)
    twin=$(column c/runs.csv instructions_per_op arm twin)
    own=$(column c/runs.csv instructions_per_op arm test)
    echo "glibc $glibc, again $twin, threadcache $own"
    # 20 000 pairs of malloc and free with their bookkeeping, and nothing of the start.
    awk -v a="$glibc" -v b="$twin" -v c="$own" 'BEGIN {
        exit !(a > 40 && a < 1000 && b > 0.99 * a && b < 1.01 * a && c > 40 && c < 0.95 * a) }'
}
