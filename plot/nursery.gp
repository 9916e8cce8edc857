# nursery.gp -- V8 and its like by the size of their nursery: speed, pauses, memory.
#: By the size of a semispace, in which the program allocates until the next collection; both
#: axes are logarithmic, with intervals (ranges below 6 blocks). V8 collects more often in the
#: same nursery for two reasons: its objects are larger (two references: 40 bytes, not 24), and
#: all that has survived once stays in the nursery for a second time, where generational learns
#: how much of it is worth that; with ageing=all only the first is left. Under a heap limit V8
#: takes the nursery that it is told to and fails (a cross at the top) where the rest is too
#: small; generational takes an eighth of the limit at most, and its curve is flat beyond.
#     gnuplot -c nursery.gp nursery.csv OUT.svg       (the file's first metric)
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
M = ""; YMIN = 1e15; YMAX = 0; XMIN = 1e9; XMAX = 0
see(m, x, l, h) = (M = M eq "" ? m : M, XMIN = min(XMIN, x), XMAX = max(XMAX, x), \
  m eq M ? (YMIN = l > 0 && l < YMIN ? l : YMIN, YMAX = h > YMAX ? h : YMAX) : 0, 0)
SEE = "see(strcol('metric'), column('nursery_mib'), column('low'), column('high'))"
mine(w) = strcol("workload") eq w && strcol("metric") eq M
load HERE."panels.inc"
if (YMAX <= 0) { YMIN = 1; YMAX = 10 }
eval TERM("nursery", WIDTH, HEIGHT)
# Strategies side by side, no wider than a fourth of a doubling.
AXIS = "nursery_mib"; joined(x) = 1
X(x, s) = x * 2 ** (0.25 * (index_of(S, s) - (NS + 1) / 2.0) / max(NS - 1, 1))
set logscale x 2; set xrange [XMIN / 2 ** 0.35 : XMAX * 2 ** 0.35]
set xtics () font FONT.",10"
do for [e=-8:10] { set xtics add (sprintf("%g", 2.0 ** e) 2.0 ** e) }
set logscale y 10; set yrange [YMIN / 1.2 : YMAX * 1.6]; YTOP = YMAX * 1.35; Y = "value"
set ytics () font FONT.",10"; LY = 0             # leave out what would touch
do for [e=-4:9] { do for [d in "1 2 5"] { t = d * 10.0 ** e
  if (t > YMIN / 1.2 && t < YMAX * 1.6 && t > LY * (YMAX / YMIN * 1.9) ** 0.1) {
    set ytics add ((t >= 1e6 ? sprintf("%g M", t / 1e6) : t >= 1e3 ? sprintf("%g k", t / 1e3) : sprintf("%g", t)) t); LY = t } } }
TITLE = (M eq "ops_per_s" ? "Operations per second" : M eq "cpu_ms" ? "Processor time, ms," \
  : M eq "pause_max_ms" ? "Longest pause, ms," : M eq "rss_peak_mib" ? "Peak resident memory, MiB," \
  : "Collections")." by MiB of a semispace (".(M eq "ops_per_s" ? "higher" : "lower")." is better)"
load HERE."curves.inc"
