# time_heap.gp -- time against heap size: what memory buys each collector.
#: Wall time by heap multiple, with intervals (ranges below 6 blocks). The flatter a curve, the
#: less a collector needs memory to be fast; where it ends on the left it no longer fits, which a
#: cross at the top says. Strategies without a limit stand at the right, for comparison.
#     gnuplot -c time_heap.gp time_heap.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
HMIN = 1e9; HMAX = 0; HAS_FREE = 0; YMIN = 1e15; YMAX = 1
mine(w) = strcol("workload") eq w
see(h, l, y) = (HMIN = h > 0 && h < HMIN ? h : HMIN, HMAX = h > HMAX ? h : HMAX, HAS_FREE = h > 0 ? HAS_FREE : 1, \
  YMIN = l > 0 && l < YMIN ? l : YMIN, YMAX = y > YMAX ? y : YMAX, 0)
SEE = "see(column('heap_multiple'), column('low'), column('high'))"
load HERE."panels.inc"
load HERE."heaps.inc"
eval TERM("time_heap", WIDTH, HEIGHT)
set logscale y 10; set yrange [YMIN / 1.2 : YMAX * 1.45]; YTOP = YMAX * 1.25; Y = "wall_ns"
eval "set ytics ".TIMES." font FONT.',10'"
if (YMAX / YMIN < 300) { set ytics add ("3 µs" 3e3, "30 µs" 3e4, "300 µs" 3e5, "3 ms" 3e6, "30 ms" 3e7, "300 ms" 3e8, "3 s" 3e9, "30 s" 3e10) }
if (YMAX / YMIN < 20) { set ytics add ("2 ms" 2e6, "5 ms" 5e6, "20 ms" 2e7, "50 ms" 5e7, "200 ms" 2e8, "500 ms" 5e8, "2 s" 2e9, "5 s" 5e9) }
TITLE = "Wall time by heap multiple (lower is better)"
load HERE."curves.inc"
