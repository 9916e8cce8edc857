# pareto.gp -- time against memory: who is beaten by nobody in both.
#: Left is less memory, down is less time. The dashed line joins what nobody beats in both;
#: everything above and to the right of it has a better alternative on these workloads.
#     gnuplot -c pareto.gp pareto.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
N = 0; BASE = "the baseline"; WORKLOADS = 0; BLOCKS = 0
array NAME[200]; array X[200]; array Y[200]; array L[200]; array O[200]
NF = 0; array FX[200]; array FY[200]             # the front; rows come sorted by memory
MX = 1; MY = 1; NX = 1; NY = 1
front(t, m) = (NF = NF + 1, FX[NF] = m, FY[NF] = t, 0)
keep(s, t, m, n, b) = (N = N + 1, NAME[N] = s, X[N] = m, Y[N] = t, O[N] = N, WORKLOADS = n, BLOCKS = b, \
  BASE = (t == 1 && m == 1 ? s : BASE), 0)
span(tl, th, ml, mh) = (MX = max(MX, mh), NX = min(NX, ml), MY = max(MY, th), NY = min(NY, tl), 0)
stats DATA using (span(column("time_low"), column("time_high"), column("memory_low"), column("memory_high")), keep(strcol("strategy"), column("time"), column("memory"), column("workloads"), column("blocks")), \
  column("front") == 1 ? front(column("time"), column("memory")) : 0) nooutput
HEIGHT = max(560, 17.0 * N + 120)               # a line for each name
eval TERM("pareto", 900, HEIGHT)
set logscale xy
set xrange [NX / 1.12 : MX * 1.12]; set yrange [NY / 1.15 : MY * 1.15]
TICS = "0.1 0.14 0.2 0.25 0.35 0.5 0.6 0.7 0.8 1 1.25 1.5 2 2.5 3 4 5 6 8 11 16 22 32"
set xtics (); set ytics (); LX = 0; LY = 0       # leave out what would touch
do for [k=1:words(TICS)] { t = word(TICS, k) + 0
  if (t > NX / 1.12 && t > LX * (MX / NX * 1.25) ** 0.06) { set xtics add (word(TICS, k)."×" t); LX = t }
  if (t > NY / 1.15 && t > LY * (MY / NY * 1.3) ** 0.05) { set ytics add (word(TICS, k)."×" t); LY = t } }
set title sprintf("Time against peak memory, geometric means over %d workload%s", WORKLOADS, WORKLOADS == 1 ? "" : "s") font FONT.",13"
set xlabel "peak memory / ".BASE."  (lower is better)"; set ylabel "time / ".BASE."  (lower is better)"
set label 900 "better" at graph 0.045, 0.055 tc rgb "#777777" font FONT.",11"
set arrow 900 from graph 0.04, 0.06 to graph 0.012, 0.02 lc rgb "#777777" lw 1.2
set label 901 sprintf("dashed: best time for each memory; bars: %s, %d block%s", \
  BLOCKS < 6 ? "ranges (too few blocks for intervals)" : "95 % intervals", BLOCKS, BLOCKS == 1 ? "" : "s") at screen 0.5, 14.0 / HEIGHT center tc rgb "#555555" font FONT.",10"
set arrow 901 from first 1, graph 0 to first 1, graph 1 nohead back lc rgb "#999999" dt 3
set arrow 902 from graph 0, first 1 to graph 1, first 1 nohead back lc rgb "#999999" dt 3
LONGEST = 8; do for [k=1:N] { LONGEST = max(LONGEST, strlen(NAME[k])) }
set rmargin at screen 1 - (LONGEST * 8 + 40) / 900.0; set bmargin at screen 90.0 / HEIGHT
# Names stand in a column on the right, in the order of time, pushed apart; a thin line
# leads from each to its point.
do for [a=1:N-1] { do for [b=1:N-a] { if (Y[O[b]] > Y[O[b+1]]) { t = O[b]; O[b] = O[b+1]; O[b+1] = t } } }
g(v) = (log(v) - log(NY / 1.15)) / (log(MY * 1.15) - log(NY / 1.15))
GAP = min(0.05, 0.96 / max(N - 1, 1)); p = -1
do for [a=1:N] { p = max(g(Y[O[a]]), p + GAP); L[O[a]] = p }
over = max(p - 0.99, 0); p = 9
do for [a=N:1:-1] { L[O[a]] = min(L[O[a]] - (a == N ? over : 0), p - GAP); p = L[O[a]] }
do for [k=1:N] {
  set label k NAME[k] at graph 1.03, graph L[k] left tc rgb "#222222" font FONT.",11"
  set arrow k from first X[k], first Y[k] to graph 1.024, graph L[k] nohead back lc rgb "#d0d0d0" lw 0.7
}
set print $FRONT; print "memory,time"
do for [k=1:NF] { print sprintf("%g,%g", FX[k], FY[k]) }
set print
plot $FRONT using 1:2 with steps lc rgb "#777777" lw 1.3 dt 2 title "front", \
  DATA using (column("memory")):(column("time")):(column("memory_low")):(column("memory_high")):(column("time_low")):(column("time_high")):(rgb(strcol("strategy"))) \
     with xyerrorbars lc rgb variable lw 1.3 dt 1 pt 0 title "intervals", \
  DATA using (column("memory")):(column("time")):(marker(strcol("strategy"))):(rgb(strcol("strategy"))) \
     with points pt variable lc rgb variable ps 1.5 * PS title "strategies"
