# latency.gp -- tails: latency against the share of samples that were no slower.
#: Read it from the right: how long do the slowest 0.1 % (at 99.9) and 0.01 % of the operations
#: take? A curve that jumps is a pause; how far right it jumps says how rare the pauses are. Of
#: several heap sizes the one nearest to 3 times is drawn; latency.csv has all. With load=30 the
#: operations arrive at 30 % of what the baseline can serve, and what waits behind a pause is in it.
#: "Metered" is the closed loop again, as if its operations had begun evenly over 100 ms.
#     gnuplot -c latency.gp latency.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
XMAX = 1; YMIN = 1e12; YMAX = 1
see(x, y) = (XMAX = x > XMAX ? x : XMAX, YMIN = y > 0 && y < YMIN ? y : YMIN, YMAX = y > YMAX ? y : YMAX, 0)
WORDS = "saturated oom timeout crash bad_checksum wrong_allocator"
FAILED = ""                                     # "load=80|oom|node ": no curve, but a word
fail(w, s, l) = (FAILED = index_of(WORDS, l) && is_shown(s) ? FAILED.w."|".l."|".s." " : FAILED, 0)
SEE = "see(column('nines'), column('latency_ns')), " \
  ."fail(strcol('workload'), strcol('strategy'), strcol('latency_ns'))"
load HERE."panels.inc"
eval TERM("latency", WIDTH, HEIGHT)
set logscale y 10; set xrange [0:XMAX * 1.02]; set yrange [YMIN / 1.3 : YMAX * 1.5]
set xtics ("50 %%" 0.30103, "90" 1, "99" 2, "99.9" 3, (XMAX < 4.6 ? "99.99" : "") 4, "99.999" 5, "99.9999" 6) font FONT.",10"
eval "set ytics ".TIMES." font FONT.',10'"
TITLE = "Latency by percentile, all blocks (lower is better); each line ends at the maximum".ONE_HEAP
mine(w) = strcol("workload") eq w && is_shown(strcol("strategy"))
set multiplot
do for [k=1:NW] {
  eval PLACE(k); w = word(W, k); NOTE = ""; LINES = 0
  do for [l in WORDS] {
    NAMES = ""; HEAD = w."|".l."|"; IN_LINE = 0
    do for [f in FAILED] {
      if (f[1:strlen(HEAD)] eq HEAD) {
        NAMES = NAMES.(IN_LINE == 3 ? "\n" : " ").f[strlen(HEAD)+1:];
        LINES = LINES + (IN_LINE == 3)
        IN_LINE = IN_LINE == 3 ? 1 : IN_LINE + 1
      }
    }
    LINES = LINES + (strlen(NAMES) > 0)
    NOTE = NOTE.(strlen(NOTE) && strlen(NAMES) ? "\n" : "").(strlen(NAMES) ? said(l).":".NAMES : "")
  }
  set label 99 NOTE at graph 0.98, graph 0.08 * LINES right front font FONT.",9"
  plot DATA using (mine(w) ? column("nines") : NaN):(column("latency_ns")):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with lines lc rgb variable lw 1.6 dt 1 title "percentiles", \
    DATA using (mine(w) && abs(column("nines") * 2 - floor(column("nines") * 2)) < 0.01 ? column("nines") : NaN):(column("latency_ns")):(strcol("workload") eq w ? marker(strcol("strategy")) : 0):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with points pt variable lc rgb variable ps 0.7 * PS title "every half nine"
  unset label
}
unset multiplot
