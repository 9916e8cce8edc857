# stack_heap.gp -- the same recursion with its values on the stack and on the heap.
#: Each call keeps its values in locals, a struct or alloca's memory (on the stack), in an object
#: for the call (frames; from malloc, an arena or a collector) or in an object for each value
#: (boxed); deep: frames below a long chain of calls that are alive meanwhile. V8 chooses where
#: it puts what stays inside a function. Right: what the process grew by, at its peak.
#     gnuplot -c stack_heap.gp stack_heap.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
W = ""; S = ""; SEEN = ""; N = 0; LEAST = 1e15; MOST = 0; GROWN = 0
see(w, s, k, n, low, high, g) = (W = append(W, w), S = append(S, s), SEEN = append(SEEN, k), N = max(N, n), \
  LEAST = low > 0 && low < LEAST ? low : LEAST, MOST = high > MOST ? high : MOST, GROWN = g > GROWN ? g : GROWN, 0)
stats DATA using (see(strcol("workload"), strcol("strategy"), strcol("kind"), column("n"), column("low"), \
  column("high"), column("grown_high"))) nooutput
K = ""; do for [k in "locals struct alloca frames boxed deep"] { K = index_of(SEEN, k) ? append(K, k) : K }
LEAST = LEAST < 1e15 ? LEAST : 1; MOST = max(MOST, LEAST); GROWN = max(GROWN, 0.1)
NW = words(W); NS = words(S); NK = words(K); LABEL = 8
do for [k=1:NS] { LABEL = max(LABEL, strlen(word(S, k))) }
LEFT = 8 * LABEL + 30.0; GAP = 28.0; PANEL_W = 340.0; ROW_H = 17.0; PANEL_H = ROW_H * NK * (NS + 1)
WIDTH = LEFT + 2 * (PANEL_W + GAP); HEIGHT = 50 + NW * (PANEL_H + 84)
eval TERM("stack_heap", WIDTH, HEIGHT)
set yrange [NK * (NS + 1) + 0.5 : 0.5]; set grid noytics
row(k, s) = (index_of(K, k) - 1) * (NS + 1) + 1 + index_of(S, s)
Y(w) = strcol("workload") eq w && strcol("status") eq "ok" ? row(strcol("kind"), strcol("strategy")) : NaN
failed(w) = strcol("workload") eq w && strcol("status") ne "ok" ? row(strcol("kind"), strcol("strategy")) : NaN
FIRST = 10 ** floor(log10(LEAST) - 0.05)
ns(v) = v < 9.995 ? sprintf("%.2f ns", v) : v < 99.95 ? sprintf("%.1f ns", v) : sprintf("%.0f ns", v)
mib(v) = v < 9.95 ? sprintf("%.1f MiB", v) : sprintf("%.0f MiB", v)
set multiplot
set label 1 "One recursion, its values on the stack or on the heap (lower is better)" at screen 0.5, 1 - 18 / HEIGHT center font FONT.",13"
set label 2 sprintf("%d block%s%s", N, N == 1 ? "" : "s", N < 6 ? ", too few for intervals: ranges" : ", 95 % intervals") \
  at screen 0.5, 1 - 38 / HEIGHT center font FONT.",11" tc rgb "#555555"
do for [i=1:NW] {
  w = word(W, i)
  set tmargin at screen 1 - (78 + (i - 1) * (PANEL_H + 84)) / HEIGHT
  set bmargin at screen 1 - (78 + (i - 1) * (PANEL_H + 84) + PANEL_H) / HEIGHT
  do for [k=1:NK] { set label 10 + k word(K, k) at graph 0, first ((k - 1) * (NS + 1) + 1) left offset 0.6, 0 font FONT.",11" tc rgb "#222222" }
  set lmargin at screen LEFT / WIDTH; set rmargin at screen (LEFT + PANEL_W) / WIDTH
  set title "time per call" offset 0, -0.7 font FONT.",12"
  set logscale x; set xrange [FIRST : MOST * 8]; set xtics auto; set format x "%g ns"; set xtics font FONT.",10"
  set ytics () scale 0 font FONT.",10"
  do for [k=1:NK] { do for [j=1:NS] { set ytics add (word(S, j) (k - 1) * (NS + 1) + 1 + j) } }
  plot DATA using (FIRST):(Y(w)):(FIRST):(column("ns_per_call")):(Y(w) - 0.4):(Y(w) + 0.4):(rgb(strcol("strategy"))) \
       with boxxyerror lc rgb variable fs solid 1 noborder title "times", \
    DATA using (column("ns_per_call")):(Y(w)):(column("low")):(column("high")) \
       with xerrorbars lc rgb "#222222" lw 1.2 dt 1 pt 0 title "intervals", \
    DATA using (column("high")):(Y(w)):(ns(column("ns_per_call"))) with labels left offset 0.6, 0 tc rgb "#333333" font FONT.",9" title "times", \
    DATA using (FIRST):(failed(w)):(said(strcol("status"))) with labels left offset 0.6, 0 tc rgb "#8a2500" font FONT.",9" title "failures"
  do for [k=1:NK] { unset label 10 + k }
  unset label 1; unset label 2
  set lmargin at screen (LEFT + PANEL_W + GAP) / WIDTH; set rmargin at screen (LEFT + 2 * PANEL_W + GAP) / WIDTH
  set title "memory that the process grew by, MiB" offset 0, -0.7 font FONT.",12"
  unset logscale x; set xrange [0 : GROWN * 1.25]; set format x "%g"; unset ytics
  if (NW > 1) { set label 3 w at screen 0.01, screen 1 - (62 + (i - 1) * (PANEL_H + 84)) / HEIGHT left font FONT.",10" tc rgb "#555555" }
  plot DATA using (0):(Y(w)):(0):(max(column("grown_mib"), 0)):(Y(w) - 0.4):(Y(w) + 0.4):(rgb(strcol("strategy"))) \
       with boxxyerror lc rgb variable fs solid 1 noborder title "memory", \
    DATA using (max(column("grown_mib"), 0)):(Y(w)):(max(column("grown_low"), 0)):(max(column("grown_high"), 0)) \
       with xerrorbars lc rgb "#222222" lw 1.2 dt 1 pt 0 title "ranges", \
    DATA using (max(column("grown_high"), 0)):(Y(w)):(mib(max(column("grown_mib"), 0))) with labels left offset 0.6, 0 tc rgb "#333333" font FONT.",9" title "memory", \
    DATA using (0):(failed(w)):(said(strcol("status"))) with labels left offset 0.6, 0 tc rgb "#8a2500" font FONT.",9" title "failures"
  unset label 3
}
unset multiplot
