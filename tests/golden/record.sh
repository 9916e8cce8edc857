#!/bin/sh
# record.sh NAME -- makes what heapmark does now the expected result.  Look at the charts
# first.
set -eu
# shellcheck source-path=SCRIPTDIR source=run.sh
. "$(dirname "$0")/run.sh"
mkdir -p "$expected"
for table in $tables; do
    cp "$made/$table.csv" "$expected"
done
if [ -n "$long_tables" ]; then
    (cd "$made" && for table in $long_tables; do sha256sum "$table.csv"; done) >"$expected/sums"
fi
for chart in $charts; do
    cp "$made/charts/$chart.svg" "$expected"
done
echo "$version" >"$expected/gnuplot.version"
