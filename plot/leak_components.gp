# leak_components.gp -- what leaks: memory over operations by who is to blame for it.
#: Each panel is a workload under a strategy, from its first to its last operation; all panels
#: of a row share their height, written on its left. Blue is what the task needs, orange what
#: the program could still reach and does not need (no strategy may take it), red what
#: nothing can reach and was not reclaimed where the verdict is lost or false_retention; elsewhere
#: that is the headers of a collector's objects and the runtime's own, dark grey. Light grey is the
#: rest: free room, fragmentation, the program itself. What grows to the right leaks. An empty
#: panel was not run.
#     gnuplot -c leak_components.gp leak_components.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
# A strategy that is expected to lose runs without a limit there: one column for both.
name(s) = cut(s, "@")
W = ""; S = ""
note(w, s) = (is_shown(s) ? (W = append(W, w), S = append(S, name(s))) : 0, 0)
stats DATA using (note(strcol("workload"), strcol("strategy"))) nooutput
NW = words(W); NS = words(S)
array TOP[max(NW, 1)]; array LAST[max(NW, 1)]
do for [k=1:NW] { TOP[k] = 1; LAST[k] = 1 }
# What never frees is cut off where it would flatten the others.
is_nogc(s) = id_of(s) eq "nogc" && NS > 1
see(k, s, y, n) = (TOP[k] = is_nogc(s) ? TOP[k] : max(TOP[k], y), LAST[k] = max(LAST[k], n), 0)
stats DATA using (is_shown(strcol("strategy")) ? see(index_of(W, strcol("workload")), strcol("strategy"), column("rss_mib"), column("ops")) : 0) nooutput
LABEL = 0; do for [k=1:NW] { LABEL = max(LABEL, strlen(word(W, k))) }
PANEL_W = NS > 12 ? 62.0 : 84.0; PANEL_H = 46.0; GAP = 6.0
LEFT = 7.2 * LABEL + 62; TOP_PX = 132.0
WIDTH = max(LEFT + NS * (PANEL_W + GAP) + 14, 560); HEIGHT = TOP_PX + NW * (PANEL_H + GAP) + 14
eval TERM("leak_components", WIDTH, HEIGHT)
unset grid; set border 15 lc rgb "#dddddd" lw 0.7; unset xtics; unset ytics
set style fill solid 1 noborder
mine(w, s) = strcol("workload") eq w && is_shown(strcol("strategy")) && name(strcol("strategy")) eq s
# Where the live bytes are not known, nothing is told to be garbage.
live(l, r) = l > r ? l : r
is_lost(verdict) = verdict eq "lost" || verdict eq "false_retention"
COLOUR = "#0072b2 #e69f00 #d55e00 #c9c9c9 #8c8c8c"
TOLD = "'needed' 'reachable, not needed' 'not reclaimed' 'free room, the program' 'headers, the runtime'"
set multiplot
set label 1 "Who holds the memory? (lower is better)".ONE_HEAP at screen 0.5, 1 - 16/HEIGHT center font FONT.",13"
do for [l=1:5] {
  set label 1 + l "■ ".word(TOLD, l) at screen 0.5, 1 - 36/HEIGHT font FONT.",11" tc rgb (l == 4 ? "#9a9a9a" : word(COLOUR, l)) \
    center offset (l - 3) * 21, 0
}
do for [k=1:NS] {
  set label 10 + k word(S, k) at screen (LEFT + (k - 0.62) * (PANEL_W + GAP)) / WIDTH, 1 - (TOP_PX - 8) / HEIGHT \
    rotate by 32 left font FONT.",11"
}
do for [k=1:NW] {
  w = word(W, k); top = 1 - (TOP_PX + (k - 1) * (PANEL_H + GAP)) / HEIGHT
  set label 60 w at screen (LEFT - 54) / WIDTH, top - PANEL_H / 2 / HEIGHT right font FONT.",11"
  set label 61 sprintf("%.3g MiB", TOP[k]) at screen (LEFT - 4) / WIDTH, top - 7 / HEIGHT right font FONT.",9" tc rgb "#777777"
  set tmargin at screen top; set bmargin at screen top - PANEL_H / HEIGHT
  set yrange [0:TOP[k] * 1.04]; set xrange [0:LAST[k]]
  do for [j=1:NS] {
    s = word(S, j)
    set lmargin at screen (LEFT + (j - 1) * (PANEL_W + GAP)) / WIDTH
    set rmargin at screen (LEFT + (j - 1) * (PANEL_W + GAP) + PANEL_W) / WIDTH
    plot DATA using (mine(w, s) ? column("ops") : NaN):(column("rss_mib")) with filledcurves y1=0 lc rgb word(COLOUR, 4) title "rest", \
      for [c in "3 5"] DATA using (mine(w, s) && is_lost(strcol("verdict")) == (c eq "3") ? column("ops") : NaN):(live(column("live_mib"), column("reachable_mib"))) with filledcurves y1=0 lc rgb word(COLOUR, int(c)) title "not reclaimed, headers", \
      DATA using (mine(w, s) ? column("ops") : NaN):(column("reachable_mib")) with filledcurves y1=0 lc rgb word(COLOUR, 2) title "not needed", \
      DATA using (mine(w, s) ? column("ops") : NaN):(column("needed_mib")) with filledcurves y1=0 lc rgb word(COLOUR, 1) title "needed"
    unset label
  }
}
unset multiplot
