#!/bin/sh
# check.sh -- the committed campaign must give the recorded tables, and the recorded charts
# under the gnuplot they were recorded with.  Exit 77: the charts could not be compared.
set -eu
# shellcheck source-path=SCRIPTDIR source=run.sh
. "$(dirname "$0")/run.sh"
bad=0
for table in $tables; do
    # The long ones are recorded as a checksum.
    if [ -f "$golden/expected/$table.csv" ]; then
        diff -u "$golden/expected/$table.csv" "$made/$table.csv" || bad=1
    else
        (cd "$made" && grep " $table.csv$" "$golden/expected/sums" | sha256sum --check --quiet) ||
            bad=1
    fi
done
[ $bad -eq 0 ] || { echo "golden: the tables changed; if that is right: record.sh"; exit 1; }
if [ "$version" != "$(cat "$golden/expected/gnuplot.version")" ]; then
    echo "golden: charts not compared: recorded with $(cat "$golden/expected/gnuplot.version")," \
        "here is $version"
    exit 77
fi
for chart in $charts; do
    cmp "$golden/expected/$chart.svg" "$made/charts/$chart.svg" || bad=1
done
[ $bad -eq 0 ] || { echo "golden: the charts changed; look at them, then record.sh"; exit 1; }
