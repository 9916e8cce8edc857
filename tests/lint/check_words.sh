#!/bin/sh
# check_words.sh ROOT -- no notes to self left behind, no folder or file whose name says
# only that it is of use, no file over the size limit.
set -eu
cd "$1"
bad=0
folders="common allocators collectors workloads harness plot tests cmake docs"
# shellcheck disable=SC2086
if grep -rnE '\b(TO[D]O|FIX[M]E)\b' $folders --include='*.[ch]' --include='*.mjs' --include='*.gp' \
    --include='*.sh' --include='*.md' --include='*.cmake'; then
    echo "lint: finish it, or open an issue" >&2
    bad=1
fi
# shellcheck disable=SC2086
if find $folders -iname '*util*' -o -iname '*misc*' -o -iname '*helper*' | grep .; then
    echo "lint: name it for what it holds" >&2
    bad=1
fi
# shellcheck disable=SC2086
if find $folders '(' -name '*.[ch]' -o -name '*.mjs' ')' -exec wc -l {} + | awk '$2 != "total" && $1 > 800' |
    grep .; then
    echo "lint: over 800 lines; split it" >&2
    bad=1
fi
exit $bad
