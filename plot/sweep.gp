# sweep.gp -- cost of an operation by a parameter of the workload: how it grows with size.
#: Both axes are logarithmic: a flat curve costs the same at any size, a straight one that rises
#: grows with a power of it. With intervals (ranges below 6 blocks). Times hold the memory
#: hierarchy too: what leaves the caches rises under every strategy, and instructions tell it
#: from a longer search. A cross at the top marks a failure.
#     gnuplot -c sweep.gp sweep.csv OUT.svg       (the file's first metric)
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
M = ""; YMIN = 1e15; YMAX = 0
see(m, l, h) = (M = M eq "" ? m : M, m eq M ? (YMIN = l > 0 && l < YMIN ? l : YMIN, YMAX = h > YMAX ? h : YMAX) : 0, 0)
SEE = "see(strcol('metric'), column('low'), column('high'))"
mine(w) = strcol("workload") eq w && strcol("metric") eq M
load HERE."panels.inc"
if (YMAX <= 0) { YMIN = 1; YMAX = 10 }
eval TERM("sweep", WIDTH, HEIGHT)
AXIS = "value"; joined(v) = 1; X(v, s) = real(v)
set logscale xy 10; set xrange [*:*]; set offsets graph 0.04, graph 0.04, 0, 0
set xtics () font FONT.",10"
do for [e=0:12] { set xtics add (sprintf("%g%s", 10 ** (e % 3), word("'' k M G T", e / 3 + 1)[1:e < 3 ? 0 : 1]) 10 ** e) }
set yrange [YMIN / 1.2 : YMAX * 1.6]; YTOP = YMAX * 1.35; Y = "cost"
IS_TIME = M eq "ns_per_op"
UNIT = IS_TIME ? " ns" : ""
set ytics () font FONT.",10"; LY = 0             # leave out what would touch
do for [e=-1:9] { do for [d in "1 2 5"] { t = d * 10.0 ** e
  if (t > YMIN / 1.2 && t < YMAX * 1.6 && t > LY * (YMAX / YMIN * 1.9) ** 0.1) {
    set ytics add ((IS_TIME && t >= 1e6 ? sprintf("%g ms", t / 1e6) : IS_TIME && t >= 1e3 ? sprintf("%g µs", t / 1e3) : sprintf("%.10g%s", t, UNIT)) t); LY = t } } }
TITLE = (IS_TIME ? "Time per operation" : "Instructions per operation")." by parameter (lower is better)"
load HERE."curves.inc"
