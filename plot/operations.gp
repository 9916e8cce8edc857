# operations.gp -- what one malloc, free, realloc... takes, and its tail.
#: Every single request of the workload, timed in a run of its own (--operations), by kind. From
#: left to right the median (full mark), 99 %, 99.9 % and 99.99 % of the requests took no longer
#: (open marks); a percentile with fewer than ten requests beyond it is left out. Each time holds
#: one reading of the clock; what is below three times the cost of that is not resolved, and grey.
#     gnuplot -c operations.gp operations.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
W = ""; S = ""; O = ""; XMIN = 1e12; XMAX = 1; CMIN = 1e12; CMAX = 0
# 0: an older campaign does not tell (column() of NaN would drop the row).
cost(text) = text eq "NaN" ? 0 : real(text)
see(w, s, o, t, c) = (W = append(W, w), S = append(S, s), O = append(O, o), XMIN = min(XMIN, t), XMAX = max(XMAX, t), \
  c > 0 ? (CMIN = min(CMIN, c), CMAX = max(CMAX, c)) : 0, 0)
stats DATA using (see(strcol("workload"), strcol("strategy"), strcol("operation"), column("latency_ns"), cost(strcol("clock_cost_ns")))) nooutput
COST = CMIN < CMAX ? sprintf("%.0f to %.0f ns", CMIN, CMAX) : sprintf("%.0f ns", CMAX)
GREY = CMAX > 0 ? "; grey: < 3 × clock (".COST.")" : ""
NS = words(S); LABEL = 8
do for [k=1:NS] { LABEL = max(LABEL, strlen(word(S, k))) }
# A panel per workload and kind that it has.
P = ""
do for [w in W] { do for [o in "malloc calloc aligned realloc free"] {
  N = 0; stats DATA using (strcol("workload") eq w && strcol("operation") eq o ? (N = N + 1, 0) : 0) nooutput
  if (N > 0) { P = append(P, w.":".o) }
} }
NP = words(P); COLS = min(3, NP); ROWS = (NP + COLS - 1) / COLS
LEFT = 8 * LABEL + 34.0; GAP = 26.0; PANEL_W = NP == 1 ? 460.0 : 300.0; PANEL_H = 20.0 * NS + 8
ROW_H = PANEL_H + 62; WIDTH = LEFT + COLS * (PANEL_W + GAP); HEIGHT = 56 + ROWS * ROW_H
eval TERM("operations", WIDTH, HEIGHT)
set logscale x 10; set xrange [XMIN / 1.5 : XMAX * 1.5]; set yrange [NS + 0.6 : 0.4]
TICS = "('10 ns' 10, '100 ns' 100, '1 µs' 1e3, '10 µs' 1e4, '100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8, '1 s' 1e9)"
WIDE = "('10 ns' 10, '1 µs' 1e3, '100 µs' 1e5, '10 ms' 1e7, '1 s' 1e9)"
eval "set xtics ".(XMAX / XMIN > 3e4 ? WIDE : TICS)." font FONT.',10'"
set multiplot
set label 1 "Latency of each request by kind".(words(W) == 1 ? ": ".W : "")." (lower is better, log scale)" at screen 0.5, 1 - 18 / HEIGHT center font FONT.",13"
set label 2 "full: median; open: 99 %, 99.9 %, 99.99 %; one run".GREY at screen 0.5, 1 - 36 / HEIGHT center font FONT.",10" tc rgb "#555555"
do for [k=1:NP] {
  w = cut(word(P, k), ":"); o = word(P, k)[strlen(w) + 2:]; c = (k - 1) % COLS; r = (k - 1) / COLS
  mine(p) = strcol("workload") eq w && strcol("operation") eq o && (p eq "" || strcol("percentile") eq p)
  seen(s) = column("latency_ns") < 3 * cost(strcol("clock_cost_ns")) ? 0xbbbbbb : rgb(s)
  row(p) = mine(p) ? index_of(S, strcol("strategy")) : NaN
  set lmargin at screen (LEFT + c * (PANEL_W + GAP)) / WIDTH; set rmargin at screen (LEFT + c * (PANEL_W + GAP) + PANEL_W) / WIDTH
  set tmargin at screen 1 - (74 + r * ROW_H) / HEIGHT; set bmargin at screen 1 - (74 + r * ROW_H + PANEL_H) / HEIGHT
  set title (words(W) == 1 ? o : w.": ".o) offset 0, -0.7 font FONT.",12"
  set ytics () scale 0 font FONT.",11"; do for [j=1:NS] { set ytics add ((c == 0 ? word(S, j) : "") j) }
  plot for [s in S] DATA using (mine("") && strcol("strategy") eq s ? column("latency_ns") : NaN):(row("")) \
       with lines lc rgb colour(s) lw 1.4 dt 1 title s, \
    DATA using (column("latency_ns")):(row("p50")):(seen(strcol("strategy"))) with points pt 7 lc rgb variable ps 0.9 * PS title "p50", \
    for [p in "p99 p99.9 p99.99"] DATA using (column("latency_ns")):(row(p)):(seen(strcol("strategy"))) with points pt 6 lc rgb variable ps 0.9 * PS title p
  unset label
}
unset multiplot
