#!/bin/sh
# check_links.sh ROOT -- every relative link of the Markdown files leads somewhere.
set -eu
cd "$1"
bad=0
for f in $(find . -name '*.md' -not -path './build/*'); do
    for target in $(grep -oE '\]\([^)#: ]+' "$f" | cut -c3-); do
        [ -e "$(dirname "$f")/$target" ] && continue
        echo "lint: $f: $target does not exist" >&2
        bad=1
    done
done
exit $bad
