# scaling.gp -- throughput by threads: what more threads buy each strategy.
#: Operations per second, divided by those of the baseline at the fewest threads in the same
#: block: one, or as many as a panel says, where it did not complete at one. With intervals
#: (ranges below 6 blocks). The dashed line is the baseline if every thread added as much as
#: those: a curve that runs beside it scales, a flat one waits for a lock, or for a processor
#: that the machine has not got. A cross at the top marks a failure.
#     gnuplot -c scaling.gp scaling.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
T = ""; TMIN = 1e9; TMAX = 1; YMIN = 1; YMAX = 1; BASE = ""; UNITS = ""
mine(w) = strcol("workload") eq w
see(t, l, h, b, u) = (T = append(T, t), TMIN = min(TMIN, t + 0), TMAX = max(TMAX, t + 0), \
  YMIN = l > 0 && l < YMIN ? l : YMIN, YMAX = h > YMAX ? h : YMAX, BASE = b, \
  UNITS = words(UNITS) < words(W) ? UNITS." ".u : UNITS, 0)
SEE = "see(strcol('threads'), column('low'), column('high'), strcol('baseline'), strcol('baseline_threads'))"
load HERE."panels.inc"
eval TERM("scaling", WIDTH, HEIGHT)
# Strategies side by side, no wider than a fourth of a doubling.
AXIS = "threads"; joined(t) = 1
X(t, s) = t * 2 ** (0.25 * (index_of(S, s) - (NS + 1) / 2.0) / max(NS - 1, 1))
set logscale x 2; set xrange [TMIN / 2 ** 0.35 : TMAX * 2 ** 0.35]
set xtics () font FONT.",10"
do for [t in T] { set xtics add (t.(t eq "1" ? " thread" : "") t + 0) }
set logscale y 10; set yrange [YMIN / 1.2 : YMAX * 1.6]; YTOP = YMAX * 1.35; Y = "throughput"
set ytics () font FONT.",10"; LY = 0             # leave out what would touch
TICS = "0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.3 0.5 0.7 1 1.4 2 3 4 5 7 10 14 20 30 50 100 200 500 1000"
do for [t in TICS] {
  if (t > YMIN / 1.2 && t < YMAX * 1.6 && t > LY * (YMAX / YMIN * 1.9) ** 0.1) { set ytics add (t."×" t + 0); LY = t + 0 } }
# From 1 at the threads that a panel is relative to, and these when they are not one.
end(u) = min(TMAX / u, YMAX * 1.6)
told(w, u) = u eq "1" ? w : w." (1×: at ".u." threads)"
PANEL(k) = sprintf("set title '%s'; ", told(word(W, k), word(UNITS, k))) \
  .sprintf("set arrow 1 from first %s, first 1 to first %g, first %g nohead back lc rgb '#888888' lw 1 dt 2;", \
    word(UNITS, k), word(UNITS, k) * end(word(UNITS, k) + 0), end(word(UNITS, k) + 0))
TITLE = "Throughput by threads, relative to ".BASE." at the fewest (higher is better)"
load HERE."curves.inc"
