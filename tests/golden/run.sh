# shellcheck shell=sh disable=SC2034
# run.sh -- what check.sh and record.sh share: draws the committed campaign NAME, their
# argument, in a folder of its own, $made.  HEAPMARK_BIN is the folder of the built programs.
golden=$(cd "$(dirname "$0")" && pwd)
expected=$golden/expected/${1:?name of a campaign}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
cp "$golden/$1"/*.csv "$made"
case $1 in
campaign)
    tables="summary ratios pareto failures lbo"
    long_tables="latency survival timeline mmu" # recorded as checksums
    charts="heatmap forest pareto survival mmu lbo"
    ;;
threads)
    tables="scaling drain sharing"
    long_tables=""
    charts=$tables
    ;;
esac
version=$(gnuplot --version 2>/dev/null || echo none)
if [ "$version" = none ]; then
    "${HEAPMARK_BIN:?folder of the built programs}/heapmark" summary --quiet "$made"
else
    "${HEAPMARK_BIN:?folder of the built programs}/heapmark" chart "$made" >/dev/null
fi
