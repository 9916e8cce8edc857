# survival.gp -- pauses: the share of them that lasted as long or longer.
#: For each length, the share of all pauses that are at least as long. The right end of a
#: curve is the longest pause; strategies without a curve reported no pauses. Of several heap sizes
#: the one nearest to 3 times is drawn; survival.csv has all.
#     gnuplot -c survival.gp survival.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
XMIN = 1e12; XMAX = 1; YMIN = 0.5
see(x, y) = (XMIN = x > 0 && x < XMIN ? x : XMIN, XMAX = x > XMAX ? x : XMAX, YMIN = y > 0 && y < YMIN ? y : YMIN, 0)
SEE = "see(column('pause_ns'), column('share'))"
load HERE."panels.inc"
eval TERM("survival", WIDTH, HEIGHT)
set logscale xy 10; set xrange [XMIN / 1.3 : XMAX * 1.3]; set yrange [YMIN / 1.2 : 1.1]
eval "set xtics ".(XMAX / XMIN < 3e4 ? TIMES : WIDE_TIMES)." font FONT.',10'"
if (XMAX / XMIN < 1e3) { set xtics add ("300 ns" 300, "3 µs" 3e3, "30 µs" 3e4, "300 µs" 3e5, "3 ms" 3e6, "30 ms" 3e7, "300 ms" 3e8, "3 s" 3e9) }
set ytics ("100 %%" 1, "10 %%" 0.1, "1 %%" 0.01, "0.1 %%" 0.001, "0.01 %%" 1e-4, "0.001 %%" 1e-5, "" 1e-6) font FONT.",10"
TITLE = "Pauses: share of them that lasted this long or longer (left is better)".ONE_HEAP
mine(w) = strcol("workload") eq w && is_shown(strcol("strategy"))
set multiplot
do for [k=1:NW] {
  eval PLACE(k); w = word(W, k)
  plot DATA using (mine(w) ? column("pause_ns") : NaN):(column("share")):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with lines lc rgb variable lw 1.6 dt 1 title "share", \
    DATA using (mine(w) && int(column(0)) % 8 == 0 ? column("pause_ns") : NaN):(column("share")):(strcol("workload") eq w ? marker(strcol("strategy")) : 0):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with points pt variable lc rgb variable ps 0.7 * PS title "some of them"
  unset label
}
unset multiplot
