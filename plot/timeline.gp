# timeline.gp -- memory over time for one workload: resident filled, live bytes as a line.
#: All panels share their axes. What stands above the black line is overhead: fragmentation,
#: caches, garbage that waits, copy reserve. A line that does not come down gives nothing back.
#: Of several heap sizes the one nearest to 3 times is drawn; timeline.csv has all.
#     gnuplot -c timeline.gp timeline.csv OUT.svg       (the file's first workload)
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
W = ""; S = ""; XMAX = 0; YMAX = 1; HAS_LIVE = 0; TOP = 0
is_nogc(s) = id_of(s) eq "nogc"     # grows without end: it may leave the frame
see(w, s, x, y, l) = (W = W eq "" ? w : W, w eq W && is_shown(s) ? (S = append(S, s), \
  XMAX = x > XMAX ? x : XMAX, YMAX = y > YMAX && !is_nogc(s) ? y : YMAX, TOP = y > TOP && is_nogc(s) ? y : TOP, HAS_LIVE = l >= 0 ? 1 : HAS_LIVE) : 0, 0)
stats DATA using (see(strcol("workload"), strcol("strategy"), column("t_s"), column("rss_mib"), column("live_mib"))) nooutput
NS = words(S); COLS = min(NS, NS > 12 ? 6 : NS > 4 ? 5 : 4); ROWS = (NS + COLS - 1) / COLS
PANEL_W = NS < 4 ? 280.0 : 178.0; PANEL_H = NS < 4 ? 190.0 : 122.0
WIDTH = max(74 + COLS * PANEL_W, 560); HEIGHT = 80.0 + ROWS * (PANEL_H + 34) + 10
eval TERM("timeline", WIDTH, HEIGHT)
set xrange [0:(XMAX > 0 ? XMAX * 1.03 : 1)]; set yrange [0:YMAX * 1.08]; set style fill transparent solid 0.35 noborder
if (NS == 1) { YMAX = max(YMAX, TOP) }
nice(v) = (e = 10 ** floor(log10(v)), v / e < 1.5 ? e : v / e < 3.5 ? 2 * e : v / e < 7.5 ? 5 * e : 10 * e)
set xtics 0, nice(max(XMAX, 0.001) / 3) font FONT.",10"; set ytics 0, nice(YMAX / 3) font FONT.",10"
mine(s) = strcol("workload") eq W && strcol("strategy") eq s
set multiplot
set label 1 W.": memory over time (lower is better)".ONE_HEAP at screen 0.5, 1 - 16/HEIGHT center font FONT.",13"
set label 2 "filled: resident set, MiB".(HAS_LIVE ? "; black line: bytes the program still needs" : "")."; time in seconds" \
  at screen 0.5, 1 - 36/HEIGHT center font FONT.",11" tc rgb "#555555"
do for [k=1:NS] {
  s = word(S, k); c = (k - 1) % COLS; r = (k - 1) / COLS
  set lmargin at screen (52 + PANEL_W * c) / WIDTH; set rmargin at screen (52 + PANEL_W * (c + 1) - 16) / WIDTH
  set tmargin at screen 1 - (74 + (PANEL_H + 34) * r) / HEIGHT
  set bmargin at screen 1 - (74 + (PANEL_H + 34) * r + PANEL_H) / HEIGHT
  set title s offset 0, -0.8 font FONT.",12"
  if (is_nogc(s) && TOP > YMAX * 1.08) { set label 3 sprintf("up to %.0f", TOP) at graph 0.5, 0.92 center font FONT.",10" }
  set format x (r == ROWS - 1 || k + COLS > NS ? "%g" : ""); set format y (c == 0 ? "%g" : "")
  plot DATA using (mine(s) ? column("t_s") : NaN):(column("rss_mib")) with filledcurves y1=0 lc rgb colour(s) title "resident", \
    DATA using (mine(s) ? column("t_s") : NaN):(column("rss_mib")) with lines lc rgb colour(s) lw 1.2 dt 1 title "resident", \
    DATA using (mine(s) ? column("t_s") : NaN):(column("live_mib")) with lines lc rgb "#111111" lw 1.3 dt 1 title "live"
  unset label
}
unset multiplot
