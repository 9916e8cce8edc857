# shellcheck shell=sh disable=SC2034
# run.sh -- what check.sh and record.sh share: draws the committed campaign in a folder of
# its own, $made.  HEAPMARK_BIN is the folder of the built programs.
golden=$(cd "$(dirname "$0")" && pwd)
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp "$golden"/campaign/*.csv "$made"
tables="summary ratios pareto failures latency survival timeline mmu lbo"
charts="heatmap forest pareto survival mmu lbo"
version=$(gnuplot --version 2>/dev/null || echo none)
if [ "$version" = none ]; then
    "${HEAPMARK_BIN:?folder of the built programs}/heapmark" summary --quiet "$made"
else
    "${HEAPMARK_BIN:?folder of the built programs}/heapmark" chart "$made" >/dev/null
fi
