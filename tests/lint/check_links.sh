#!/bin/sh
# check_links.sh ROOT -- every relative link of the Markdown files leads somewhere.
set -eu
cd "$1"
find . -name '*.md' -not -path './build/*' -exec grep -HoE '\]\([^)#: ]+' {} + |
    sed 's/](//' |
    {
        bad=0
        while IFS=: read -r file target; do
            [ -e "$(dirname "$file")/$target" ] && continue
            echo "lint: $file: $target does not exist" >&2
            bad=1
        done
        exit $bad
    }
