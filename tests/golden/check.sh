#!/bin/sh
# check.sh NAME -- the committed campaign must give the recorded tables, and the recorded
# charts under the gnuplot they were recorded with.  Exit 77: the charts were not compared.
set -eu
# shellcheck source-path=SCRIPTDIR source=run.sh
. "$(dirname "$0")/run.sh"
bad=0
for table in $tables; do
    diff -u "$expected/$table.csv" "$made/$table.csv" || bad=1
done
for table in $long_tables; do
    (cd "$made" && grep " $table.csv$" "$expected/sums" | sha256sum --check --quiet) || bad=1
done
[ $bad -eq 0 ] || { echo "golden: the tables changed; if that is right: record.sh $1"; exit 1; }
if [ "$version" != "$(cat "$expected/gnuplot.version")" ]; then
    echo "golden: charts not compared: recorded with $(cat "$expected/gnuplot.version")," \
        "here is $version"
    exit 77
fi
for chart in $charts; do
    cmp "$expected/$chart.svg" "$made/charts/$chart.svg" || bad=1
done
[ $bad -eq 0 ] || { echo "golden: the charts changed; look at them, then record.sh $1"; exit 1; }
