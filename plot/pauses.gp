# pauses.gp -- each pause where it happened: when, how long, of which kind; one workload.
#: Of one run of each strategy that has pauses: each line is one, at its time and as long as its
#: point is high; where several of a kind fall on one pixel the longest is drawn. All panels share
#: their height; each is as wide as its own run was long. Short lines, evenly spread, a program can
#: live with; a tall one is time in which it answers nobody. Numbers and sums count every pause,
#: sums also slices too short to be listed. Of several heap sizes the one nearest to 3 times is
#: drawn; pause_history.csv has all.
#     gnuplot -c pauses.gp pause_history.csv OUT.svg    (the file's first workload)
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
# The kinds with their colours.
KINDS = "increment:5 sweep:4 cascade:7 reconcile:3 minor:6 cycles:8 compact:1 full:2 other:1"
kind(k) = cut(word(KINDS, k), ":")
kind_colour(k) = word(COLOURS, int(word(KINDS, k)[strstrt(word(KINDS, k), ":")+1:]))
W = ""; S = ""; K = ""; YMIN = 1e9; YMAX = 0
see(w, s, k, y) = (W = W eq "" ? w : W, w eq W && is_shown(s) ? (S = append(S, s), K = append(K, k), \
  YMIN = y > 0 && y < YMIN ? y : YMIN, YMAX = y > YMAX ? y : YMAX) : 0, 0)
stats DATA using (see(strcol("workload"), strcol("strategy"), strcol("kind"), column("pause_ms"))) nooutput
NS = words(S)
array COUNT[max(NS, 1)]; array TOTAL[max(NS, 1)]; array LONGEST[max(NS, 1)]; array END[max(NS, 1)]
do for [k=1:NS] { COUNT[k] = 0; TOTAL[k] = 0; LONGEST[k] = 0; END[k] = 1e-6 }
sum_up(k, n, t, y, x) = k ? (COUNT[k] = COUNT[k] + n, TOTAL[k] = TOTAL[k] + t, LONGEST[k] = y > LONGEST[k] ? y : LONGEST[k], END[k] = max(END[k], x), 0) : 0
stats DATA using (sum_up(strcol("workload") eq W ? index_of(S, strcol("strategy")) : 0, column("pauses"), column("total_ms"), column("pause_ms"), column("t_s"))) nooutput
length(ms) = ms >= 999.5 ? sprintf("%.3g s", ms / 1e3) : ms >= 0.9995 ? sprintf("%.3g ms", ms) : sprintf("%.3g µs", ms * 1e3)
COLS = NS == 4 ? 2 : min(NS, NS > 9 ? 4 : 3); ROWS = (NS + COLS - 1) / COLS
PANEL_W = NS == 1 ? 560.0 : NS < 5 ? 330.0 : 266.0; PANEL_H = NS < 4 ? 190.0 : 122.0; LEFT = 68.0; TOP = 114.0; GAP = 74.0
WIDTH = max(LEFT + 14 + COLS * PANEL_W, 620); HEIGHT = TOP + ROWS * (PANEL_H + GAP) - 40
eval TERM("pauses", WIDTH, HEIGHT)
YMIN = 10 ** floor(log10(min(YMIN, max(YMAX, 1e-6)))); YMAX = max(YMAX * 1.6, YMIN * 10)
set logscale y 10; set yrange [YMIN:YMAX]
nice(v) = (e = 10 ** floor(log10(v)), v / e < 1.5 ? e : v / e < 3.5 ? 2 * e : v / e < 7.5 ? 5 * e : 10 * e)
UNITS = "('1 ns' 1e-6, '10 ns' 1e-5, '100 ns' 1e-4, '1 µs' 1e-3, '10 µs' 0.01, '100 µs' 0.1, '1 ms' 1, " \
  ."'10 ms' 10, '100 ms' 100, '1 s' 1e3, '10 s' 1e4, '100 s' 1e5)"
BLANK = "('' 1e-6, '' 1e-5, '' 1e-4, '' 1e-3, '' 0.01, '' 0.1, '' 1, '' 10, '' 100, '' 1e3, '' 1e4, '' 1e5)"
kind_rgb(s) = (n = int(sum [k=1:words(KINDS)] (kind(k) eq s ? k : 0)), n ? int("0x".kind_colour(n)[2:]) : 0)
mine(s) = strcol("workload") eq W && strcol("strategy") eq s
height(ms) = ms < YMIN ? YMIN : ms               # none at 0; NaN stays
SHADE = 0x60000000                              # lines are lighter than their points
set multiplot
set label 1 W.": pauses of one run (lower is better)".ONE_HEAP at screen 0.5, 1 - 16/HEIGHT center font FONT.",13"
set label 2 "height: how long (log); across: when, seconds of its clock window" \
  at screen 0.5, 1 - 36/HEIGHT center font FONT.",11" tc rgb "#555555"
NK = 0; do for [k=1:words(KINDS)] { if (index_of(K, kind(k))) { NK = NK + 1 } }
at = 0
do for [k=1:words(KINDS)] {
  if (index_of(K, kind(k))) {
    at = at + 1
    set label 10 + k kind(k) at screen 0.5 + ((at - 0.5 - NK / 2.0) * 104 - 34) / WIDTH, 1 - 56/HEIGHT left offset 1, 0 \
      point pt 7 lc rgb kind_colour(k) ps 0.8 * PS font FONT.",11"
  }
}
do for [k=1:NS] {
  s = word(S, k); c = (k - 1) % COLS; r = (k - 1) / COLS
  set lmargin at screen (LEFT + PANEL_W * c) / WIDTH; set rmargin at screen (LEFT + PANEL_W * (c + 1) - 18) / WIDTH
  top = TOP + (PANEL_H + GAP) * r; middle = (LEFT + PANEL_W * (c + 0.5) - 9) / WIDTH
  set tmargin at screen 1 - top / HEIGHT; set bmargin at screen 1 - (top + PANEL_H) / HEIGHT
  set label 3 s at screen middle, 1 - (top - 30) / HEIGHT center font FONT.",12"
  set label 4 sprintf("%d pause%s, max %s, sum %s", COUNT[k], COUNT[k] == 1 ? "" : "s", length(LONGEST[k]), length(TOTAL[k])) \
    at screen middle, 1 - (top - 13) / HEIGHT center font FONT.",9" tc rgb "#555555"
  set xrange [0:END[k] * 1.01]; set xtics 0, nice(END[k] / 4) offset 0, 0.4 font FONT.",10"
  eval "set ytics ".(c == 0 ? UNITS : BLANK)." font FONT.',10'"
  plot DATA using (mine(s) ? column("t_s") : NaN):(height(column("pause_ms"))):(SHADE + kind_rgb(strcol("kind"))) \
       with impulses lc rgb variable lw 1 dt 1 title "pauses", \
    DATA using (mine(s) ? column("t_s") : NaN):(height(column("pause_ms"))):(kind_rgb(strcol("kind"))) \
       with points pt 7 lc rgb variable ps 0.4 * PS title "pauses"
  unset label
}
unset multiplot
