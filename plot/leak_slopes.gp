# leak_slopes.gp -- who leaks, and how fast: growth per operation, workload by strategy.
#: The number is the growth of the resident set in bytes per operation, the median of the
#: runs; the colour is its share of the bytes that an operation allocates. Below it the verdict:
#: logical, the program holds on to it; lost, nothing can reach it; false_retention, the same,
#: but numbers look like references to it; fragmentation, it grows and none of these is the
#: cause; settling, it comes to a plateau; none, it does not grow.
#: A frame marks a verdict that was not expected of this kind of strategy. Empty: not run.
#     gnuplot -c leak_slopes.gp leak_slopes.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
# A strategy that is expected to lose runs without a limit there: one column for both.
name(s) = cut(s, "@")
W = ""; S = ""; RUNS = 0; MET = 0; WRONG = 0
note(w, s, n, wrong) = (is_shown(s) ? (W = append(W, w), S = append(S, name(s)), RUNS = max(RUNS, n), \
  MET = MET + (n > 0 && wrong == 0), WRONG = WRONG + (wrong > 0)) : 0, 0)
stats DATA using (note(strcol("workload"), strcol("strategy"), column("n"), column("unexpected"))) nooutput
NW = words(W); NS = words(S)
LABEL = 0; do for [k=1:NW] { LABEL = max(LABEL, strlen(word(W, k))) }
LEFT = 7.6 * LABEL + 22; CELL_W = 88.0; CELL_H = 36.0
WIDTH = max(LEFT + CELL_W * NS + 96, 560); HEIGHT = 128.0 + CELL_H * NW
eval TERM("leak_slopes", WIDTH, HEIGHT)
unset grid; set border 0; set tics scale 0
set palette defined (0 "#f7f7f7", 0.5 "#fdb863", 1 "#b35806")
set cbrange [0:1]; set cbtics ("0" 0, "half" 0.5, "all" 1) font FONT.",10"
set colorbox user origin screen 1 - 72 / WIDTH, screen 16.0 / HEIGHT size screen 10 / WIDTH, screen CELL_H * NW / HEIGHT
set xrange [0.5:NS+0.5]; set yrange [NW+0.5:0.5]; set x2range [0.5:NS+0.5]
unset xtics; set x2tics () rotate by 22 left font FONT.",11" offset -1.4, -0.2
do for [k=1:NS] { set x2tics add (word(S, k) k) }
set ytics (); do for [k=1:NW] { set ytics add (word(W, k) k) font FONT.",11" }
set lmargin at screen LEFT / WIDTH; set rmargin at screen (LEFT + CELL_W * NS) / WIDTH
set tmargin at screen 1 - 108.0 / HEIGHT; set bmargin at screen 16.0 / HEIGHT
x(s) = is_shown(s) ? index_of(S, name(s)) : NaN
y(w) = index_of(W, w)
size_of(v) = abs(v) < 9.95 ? sprintf("%.1f", v) : abs(v) < 9995 ? sprintf("%.0f", v) \
  : abs(v) < 999500 ? sprintf("%.0f k", v / 1e3) : sprintf("%.2f M", v / 1e6)
dark(v) = v > 0.7
told(verdict, unexpected) = verdict.(unexpected > 0 ? " !" : "")
set label 1 "Growth of the resident set, bytes per operation (lower is better)".ONE_HEAP \
  at screen 0.5, 1 - 16.0/HEIGHT center font FONT.",13"
set label 2 sprintf("%d of %d verdicts as expected of each; %d run%s; colour: share of what is allocated", \
  MET, MET + WRONG, RUNS, RUNS == 1 ? "" : "s") at screen 0.5, 1 - 36.0/HEIGHT center font FONT.",11" tc rgb "#555555"
plot DATA using (x(strcol("strategy"))):(y(strcol("workload"))):(0.485):(0.47):(min(1, max(0, column("share")))) with boxxyerror lc palette title "cells", \
  DATA using (strcol("status") eq "ok" ? NaN : x(strcol("strategy"))):(y(strcol("workload"))):(0.485):(0.47) with boxxyerror lc rgb "#e9e9e9" title "failures", \
  DATA using (column("unexpected") > 0 ? x(strcol("strategy")) : NaN):(y(strcol("workload"))):(0.46):(0.44) with boxxyerror fs empty border lc rgb "#0072b2" lw 3 title "unexpected", \
  for [up=0:1] DATA using (strcol("status") eq "ok" ? x(strcol("strategy")) : NaN):(y(strcol("workload")) + (up ? -0.2 : 0.2)):(up ? size_of(column("bytes_per_op")) : told(strcol("verdict"), column("unexpected"))):(dark(column("share")) ? 0xffffff : 0x111111) \
       with labels tc rgb variable font FONT.",10" title "slopes and verdicts", \
  DATA using (strcol("status") eq "ok" ? NaN : x(strcol("strategy"))):(y(strcol("workload"))):(strcol("status") eq "unsupported" ? "n/a" : said(strcol("status"))) \
       with labels tc rgb "#8a2500" font FONT.",10" title "failures"
