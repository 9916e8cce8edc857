#!/bin/sh
# check_heads.sh ROOT -- the head of every plug-in says the five things it must, and
# every source file names its licence.
set -eu
cd "$1"

plugins() {
    for f in allocators/*.c collectors/*/*.c workloads/object/*.c workloads/block/*.c; do
        name=${f##*/}
        folder=${f%/*}
        case $f in
        allocators/malloc_shim.c | collectors/substrate/*) ;;
        collectors/*) [ "${name%.c}" != "${folder##*/}" ] || echo "$f" ;;
        *) echo "$f" ;;
        esac
    done
}

# The head is the second comment: the first is the licence.
# shellcheck disable=SC2046
bad=$(awk '
    function close_file() {
        for (i = 1; file != "" && i <= n; i++)
            if (!(word[i] in has))
                printf "lint: %s: no \"%s:\" in its head\n", file, word[i]
    }
    BEGIN { n = split("Source Differs Invariants Costs Threads", word, " ") }
    FNR == 1 { close_file(); file = FILENAME; comments = 0; split("", has) }
    comments < 2 && match($0, /^ \* [A-Z][a-z]*:/) {
        has[substr($0, 4, RLENGTH - 4)] = 1
    }
    /\*\/$/ { comments++ }
    END { close_file() }' $(plugins)
find common allocators collectors workloads harness tests '(' -name '*.[ch]' -o -name '*.mjs' ')' -exec awk '
    FNR == 1 && !/SPDX-License-Identifier: MIT/ {
        printf "lint: %s: its first line is not the SPDX line\n", FILENAME
    }' {} +)
[ -z "$bad" ] || {
    echo "$bad" >&2
    exit 1
}
