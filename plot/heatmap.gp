# heatmap.gp -- who wins where: strategy by workload, colour and number = ratio.
#: Each cell is a ratio to the baseline: blue is less, orange is more, nearly white is
#: equal. A grey cell names how its runs failed (n/a: the strategy cannot run it); one without
#: a number was not part of the plan.
#     gnuplot -c heatmap.gp ratios.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."ratios.inc"
W = W." geomean"
NW = words(W); NS = words(S)
LABEL = 0
do for [k=1:NS] { LABEL = max(LABEL, strlen(word(S, k))) }
LEFT = 8 * LABEL + 40.0; WIDTH = max(LEFT + 70 * NW + 90, 480); PANEL = 26.0 * NS + 96; HEIGHT = 2 * PANEL + 30
eval TERM("heatmap", WIDTH, HEIGHT)
unset grid; set border 0; set tics scale 0
set palette defined (-2 "#2166ac", -1 "#92c5de", 0 "#f7f7f7", 1 "#fdb863", 2 "#b35806")
set cbrange [-2:2]; set cbtics ("≤ 1/4×" -2, "1/2×" -1, "1×" 0, "2×" 1, "≥ 4×" 2) font FONT.",10"
set xrange [0.5:NW+0.5]; set yrange [NS+0.5:0.5]
set x2range [0.5:NW+0.5]; unset xtics
set x2tics () rotate by 22 left font FONT.",10" offset -1.4, -0.2
do for [k=1:NW] { set x2tics add (word(W, k) eq "geomean" ? "all (geo. mean)" : word(W, k) k) }
set ytics (); do for [k=1:NS] { set ytics add (word(S, k) k) font FONT.",11" }
set arrow 1 from first NW-0.5, graph 0 to first NW-0.5, graph 1 nohead front lc rgb "#ffffff" lw 5
log2(v) = log(v) / log(2)
dark(v) = abs(log2(v)) > 1.3
x(w) = index_of(W, w)
y(m, s) = strcol("metric") eq m && index_of(S, s) ? index_of(S, s) : NaN
Y(m) = y(m, strcol("strategy"))
number(v) = v < 9.995 ? sprintf("%.2f", v) : sprintf("%.0f", v)
told(status) = status eq "unsupported" ? "n/a" : said(status)
METRICS = "wall_ns rss_peak_bytes"
TITLES = "time peak_memory"
set multiplot
set label 2 "no number: not in the plan; grey: failed, n/a: cannot run. ".CAPTION at screen 0.5, 14.0/HEIGHT center font FONT.",10" tc rgb "#555555"
do for [p=1:2] {
  m = word(METRICS, p)
  top = 1 - ((p - 1) * (PANEL + 6) + 70) / HEIGHT; bottom = top - 26.0 * NS / HEIGHT
  set lmargin at screen LEFT / WIDTH; set rmargin at screen 1 - 84 / WIDTH
  set tmargin at screen top; set bmargin at screen bottom
  if (NS > 3) { set colorbox user origin screen 1 - 70 / WIDTH, screen bottom size screen 10 / WIDTH, screen top - bottom } else { unset colorbox }
  set label 1 (p == 1 ? "Time" : "Peak memory")." relative to ".BASE." (lower is better)" \
    at screen 0.5, screen top + 55.0 / HEIGHT center font FONT.",13"
  plot DATA using (x(strcol("workload"))):(Y(m)):(0.485):(0.47):(log2(column("ratio"))) \
       with boxxyerror lc palette title "cells", \
    DATA using (strcol("status") eq "ok" ? NaN : x(strcol("workload"))):(Y(m)):(0.485):(0.47) \
       with boxxyerror lc rgb "#e9e9e9" title "failures", \
    DATA using (dark(column("ratio")) ? NaN : x(strcol("workload"))):(Y(m)):(number(column("ratio"))) \
       with labels tc rgb "#111111" font FONT.",11" title "ratios", \
    DATA using (dark(column("ratio")) ? x(strcol("workload")) : NaN):(Y(m)):(number(column("ratio"))) \
       with labels tc rgb "#ffffff" font FONT.",11" title "ratios", \
    DATA using (strcol("status") eq "ok" ? NaN : x(strcol("workload"))):(Y(m)):(told(strcol("status"))) \
       with labels tc rgb "#8a2500" font FONT.",10" title "failures"
  unset label 2
}
unset multiplot
