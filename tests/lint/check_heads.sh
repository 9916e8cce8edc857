#!/bin/sh
# check_heads.sh ROOT -- the head of every plug-in says the five things it must, and
# every source file names its licence.
set -eu
cd "$1"
bad=0
for f in allocators/*.c collectors/*/*.c workloads/object/*.c workloads/block/*.c; do
    case $f in allocators/malloc_shim.c | collectors/substrate/*) continue ;; esac
    [ "$(basename "$f" .c)" = "$(basename "$(dirname "$f")")" ] ||
        case $f in collectors/*) continue ;; esac
    head=$(awk '{ print } /\*\/$/ && ++comments == 2 { exit }' "$f")
    for word in Source Differs Invariants Costs Threads; do
        echo "$head" | grep -q "^ \* $word:" && continue
        echo "lint: $f: no \"$word:\" in its head" >&2
        bad=1
    done
done
if find common allocators collectors workloads harness tests -name '*.[ch]' -exec sh -c \
    'head -n 1 "$1" | grep -q "SPDX-License-Identifier: MIT" || echo "$1"' _ {} \; |
    grep .; then
    echo "lint: their first line is not the SPDX line" >&2
    bad=1
fi
exit $bad
