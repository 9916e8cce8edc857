#!/bin/sh
# record.sh -- makes what heapmark does now the expected result.  Look at the charts first.
set -eu
# shellcheck source-path=SCRIPTDIR source=run.sh
. "$(dirname "$0")/run.sh"
for table in $tables; do
    case $table in
    latency | survival | timeline | mmu) ;;
    *) cp "$made/$table.csv" "$golden/expected" ;;
    esac
done
(cd "$made" && sha256sum latency.csv survival.csv timeline.csv mmu.csv) >"$golden/expected/sums"
for chart in $charts; do
    cp "$made/charts/$chart.svg" "$golden/expected"
done
echo "$version" >"$golden/expected/gnuplot.version"
