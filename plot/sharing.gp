# sharing.gp -- false sharing: cache lines that hold objects of two threads.
#: Of the cache lines with live objects the share that holds those of two threads or more, whose
#: writes then slow each other down. Full bars: threads allocate in turns (active); pale bars:
#: they get what others freed (passive), in the first round of a fresh heap; later rounds are the
#: figures active_later_percent and passive_later_percent of runs.csv. Medians; lines are intervals
#: (ranges below 6 blocks).
#     gnuplot -c sharing.gp sharing.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
W = ""; S = ""; N = 0
see(w, s, n) = (W = append(W, w), S = append(S, s), N = max(N, n), 0)
stats DATA using (see(strcol("workload"), strcol("strategy"), column("n"))) nooutput
NW = words(W); NS = words(S); LABEL = 8
do for [k=1:NS] { LABEL = max(LABEL, strlen(word(S, k))) }
LEFT = 8 * LABEL + 34.0; GAP = 64.0; PANEL_W = NW == 1 ? 460.0 : 320.0; COLS = min(2, NW); ROWS = (NW + COLS - 1) / COLS
ROW_H = 30.0; PANEL_H = ROW_H * NS; WIDTH = LEFT + COLS * (PANEL_W + GAP)
HEIGHT = 50 + ROWS * (PANEL_H + 66)
eval TERM("sharing", WIDTH, HEIGHT)
set xrange [0:1]; set yrange [NS + 0.5 : 0.5]; set grid noytics
set xtics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1) font FONT.",10"
is_mine(w, r) = strcol("workload") eq w && strcol("round") eq r
at(r, s) = index_of(S, s) + (r eq "active" ? -0.2 : 0.2)
Y(w, r) = is_mine(w, r) ? at(r, strcol("strategy")) : NaN
told(w) = strcol("status") eq "ok" ? sprintf("%.0f %%", 100 * column("share")) : said(strcol("status"))
right(w) = strcol("status") eq "ok" ? column("high") : 0
set multiplot
set label 1 "Cache lines that hold objects of two threads (lower is better)" at screen 0.5, 1 - 18 / HEIGHT center font FONT.",13"
set label 2 sprintf("full: active, pale: passive; %d block%s%s", N, N == 1 ? "" : "s", N < 6 ? ", too few for intervals: ranges" : ", 95 % intervals") \
  at screen 0.5, 1 - 38 / HEIGHT center font FONT.",11" tc rgb "#555555"
do for [k=1:NW] {
  w = word(W, k); c = (k - 1) % COLS; r = (k - 1) / COLS
  set lmargin at screen (LEFT + c * (PANEL_W + GAP)) / WIDTH; set rmargin at screen (LEFT + c * (PANEL_W + GAP) + PANEL_W) / WIDTH
  set tmargin at screen 1 - (76 + r * (PANEL_H + 66)) / HEIGHT; set bmargin at screen 1 - (76 + r * (PANEL_H + 66) + PANEL_H) / HEIGHT
  set title w offset 0, -0.7 font FONT.",12"
  set ytics () scale 0 font FONT.",11"; do for [j=1:NS] { set ytics add ((c == 0 ? word(S, j) : "") j) }
  plot DATA using (0):(Y(w, "active")):(0):(column("share")):(Y(w, "active") - 0.18):(Y(w, "active") + 0.18):(rgb(strcol("strategy"))) \
       with boxxyerror lc rgb variable fs solid 1 noborder title "active", \
    DATA using (0):(Y(w, "passive")):(0):(column("share")):(Y(w, "passive") - 0.18):(Y(w, "passive") + 0.18):(rgb(strcol("strategy"))) \
       with boxxyerror lc rgb variable fs transparent solid 0.4 border title "passive", \
    for [m in "active passive"] DATA using (column("share")):(Y(w, m)):(column("low")):(column("high")) \
       with xerrorbars lc rgb "#222222" lw 1.2 dt 1 pt 0 title "intervals", \
    for [m in "active passive"] DATA using (right(w)):(Y(w, m)):(told(w)) \
       with labels left offset 0.6, 0 tc rgb "#333333" font FONT.",10" title "shares"
  unset label
}
unset multiplot
