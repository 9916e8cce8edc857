# forest.gp -- how much faster, and how sure: a panel per workload, interval bars.
#: Each mark is the time ratio of one strategy. From 6 blocks on its bar is the 95 % interval,
#: below that the range that was seen, where bars that do not overlap prove nothing. A bar that
#: touches the grey band may be nothing but noise. A mark beyond the axis is written at its
#: end; a bar that meets the frame goes on behind it.
#     gnuplot -c forest.gp ratios.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."ratios.inc"
W = W." geomean"
NW = words(W); NS = words(S); COLS = min(3, NW); ROWS = (NW + COLS - 1) / COLS
LABEL = 0
do for [k=1:NS] { LABEL = max(LABEL, strlen(word(S, k))) }
LEFT = 8.5 * LABEL + 30; PANEL = 17.0 * NS + 70; WIDTH = LEFT + 270.0 * COLS + 10; HEIGHT = PANEL * ROWS + 66
eval TERM("forest", WIDTH, HEIGHT)
wanted(m, w) = strcol("metric") eq "wall_ns" && (w eq "" || strcol("workload") eq w)
LOW = 0.8; HIGH = 1.25
see(a, b) = (LOW = a > 0 && a < LOW ? a : LOW, HIGH = b > HIGH ? b : HIGH, 0)
stats DATA using (wanted(1, "") && strcol("status") eq "ok" ? see(column("low"), column("high")) : 0) nooutput
LEAST = max(LOW, 0.05) / 1.12; MOST = min(HIGH, 20) * 1.12
set logscale x 2; set xrange [LEAST:MOST]
inside(r) = r >= LEAST && r <= MOST
off(r) = sprintf(r < 10 ? "%.2f×" : "%.0f×", r)
if (HIGH / LOW < 28) {
  set xtics ("1/8×" 0.125, "1/4×" 0.25, "1/2×" 0.5, "1×" 1, "2×" 2, "4×" 4, "8×" 8) font FONT.",10"
} else { set xtics ("1/16×" 0.0625, "1/4×" 0.25, "1×" 1, "4×" 4, "16×" 16) font FONT.",10" }
if (HIGH / LOW < 6) { set xtics add ("0.7×" 0.7, "1.4×" 1.4) }
set yrange [NS+0.7:0.3]; set tics scale 0
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead front lc rgb "#555555" lw 0.8
row(s) = index_of(S, s) ? index_of(S, s) : NaN
set multiplot
set label 1 "Time relative to ".BASE." per workload (lower is better, log scale)" at screen 0.5, 1 - 16/HEIGHT center font FONT.",13"
set label 2 "grey band: ".BASE." against itself. ".CAPTION at screen 0.5, 14/HEIGHT center font FONT.",10" tc rgb "#555555"
do for [k=1:NW] {
  w = word(W, k); c = (k - 1) % COLS; r = (k - 1) / COLS
  set lmargin at screen (LEFT + 270.0 * c) / WIDTH; set rmargin at screen (LEFT + 270.0 * c + 254) / WIDTH
  set tmargin at screen 1 - (62 + PANEL * r) / HEIGHT; set bmargin at screen 1 - (62 + PANEL * r + 17.0 * NS) / HEIGHT
  set title (w eq "geomean" ? "all (geometric mean)" : w) font FONT.",12" offset 0, -0.7
  set ytics (); set format y ""
  do for [j=1:NS] { set ytics add ((c == 0 ? word(S, j) : "") j) font FONT.",11" }
  plot DATA using (wanted(1, w) && is_twin(strcol("strategy")) ? column("ratio") : NaN):(NS/2.0):(column("low")):(column("high")):(0.3):(NS+0.7) \
       with boxxyerror lc rgb "#dcdcdc" title "noise floor", \
    DATA using (wanted(1, w) && inside(column("ratio")) ? column("ratio") : NaN):(row(strcol("strategy"))):(column("low")):(column("high")):(wanted(1, w) ? rgb(strcol("strategy")) : 0) \
       with xerrorbars lc rgb variable lw 2 dt 1 pt 0 title "intervals", \
    DATA using (wanted(1, w) ? column("ratio") : NaN):(row(strcol("strategy"))):(wanted(1, w) ? marker(strcol("strategy")) : 0):(wanted(1, w) ? rgb(strcol("strategy")) : 0) \
       with points pt variable lc rgb variable ps 0.8 * PS title "ratios", \
    DATA using (wanted(1, w) && column("ratio") < LEAST ? LEAST : NaN):(row(strcol("strategy"))):("◂ ".off(column("ratio"))) \
       with labels left offset 0.2, 0 font FONT.",10" title "below the axis", \
    DATA using (wanted(1, w) && column("ratio") > MOST ? MOST : NaN):(row(strcol("strategy"))):(off(column("ratio"))." ▸") \
       with labels right offset -0.2, 0 font FONT.",10" title "above the axis", \
    DATA using (wanted(1, w) && strcol("status") ne "ok" ? 1 : NaN):(row(strcol("strategy"))):(said(strcol("status"))) \
       with labels left offset 0.4, 0 tc rgb "#8a2500" font FONT.",10" title "failures"
  unset label
}
unset multiplot
