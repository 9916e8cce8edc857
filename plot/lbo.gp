# lbo.gp -- overhead: processor time against the least that the work can cost, by heap size.
#: 1 is the least cost of the workload that any strategy showed, less what it spent on collection; no
#: strategy can be below it, and the true overhead is at least what is shown. A collector's curve
#: falls as the heap grows. Crosses at the top: not enough heap, or another failure.
#     gnuplot -c lbo.gp lbo.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
M = "cpu_ns"; HMIN = 1e9; HMAX = 0; HAS_FREE = 0; YMAX = 1.2
mine(w) = strcol("metric") eq M && strcol("workload") eq w
see(h, y) = (HMIN = h > 0 && h < HMIN ? h : HMIN, HMAX = h > HMAX ? h : HMAX, HAS_FREE = h > 0 ? HAS_FREE : 1, YMAX = y > YMAX ? y : YMAX, 0)
SEE = "see(column('heap_multiple'), column('high'))"
load HERE."panels.inc"
if (HMAX == 0) { HMIN = 1; HMAX = 1 }
load HERE."heaps.inc"
eval TERM("lbo", WIDTH, HEIGHT)
set logscale y 2; set yrange [0.93:YMAX * 1.25]; YTOP = YMAX * 1.14; Y = "lbo"
set ytics () font FONT.",10"                     # no nearer than they can be read
do for [t in (YMAX > 12 ? "1 2 4 8 16 32 64 128 256 512 1024" : "1 1.25 1.5 2 3 4 6 8 12")] {
  if (YMAX < 4 || t != 1.25) { set ytics add (t."×" t + 0) } }
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead back lc rgb "#555555" lw 1
TITLE = "Lower-bound overhead in processor time, by heap (lower is better)"
load HERE."curves.inc"
