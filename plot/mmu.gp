# mmu.gp -- utilisation: the least share of any window that the program had for itself.
#: For each window length: the least share of any stretch of time that long that was left to the
#: program, in its worst run (thin: exactly that long; thick: that long or longer). A curve that
#: leaves 0 early has short pauses; one that rises steeply has them far apart. Of several heap
#: sizes the one nearest to 3 times is drawn; mmu.csv has all.
#     gnuplot -c mmu.gp mmu.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
load HERE."one_heap.inc"
XMIN = 1e12; XMAX = 1
see(x) = (XMIN = x > 0 && x < XMIN ? x : XMIN, XMAX = x > XMAX ? x : XMAX, 0)
SEE = "see(column('window_ns'))"
load HERE."panels.inc"
eval TERM("mmu", WIDTH, HEIGHT)
set logscale x 10; set xrange [XMIN:XMAX * 1.15]; set yrange [-0.02:1.02]
eval "set xtics ".TIMES." font FONT.',10'"
set ytics ("0 %%" 0, "25 %%" 0.25, "50 %%" 0.5, "75 %%" 0.75, "100 %%" 1) font FONT.",10"
mine(w) = strcol("workload") eq w && is_shown(strcol("strategy"))
# Each strategy's marks stand at windows of its own, so that curves that coincide show both.
is_mark(x, s) = x > 0 && int(log10(x) * 10 + 0.5 + hash(s)) % 5 == 0
TITLE = "Mutator utilisation by window, worst run (higher is better)".ONE_HEAP
set multiplot
do for [k=1:NW] {
  eval PLACE(k); w = word(W, k)
  plot DATA using (mine(w) ? column("window_ns") : NaN):(column("mmu_worst")):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with lines lc rgb variable lw 0.7 dt 1 title "of that length", \
    DATA using (mine(w) ? column("window_ns") : NaN):(column("bmu_worst")):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with lines lc rgb variable lw 2 dt 1 title "of that length or longer", \
    DATA using (mine(w) && is_mark(column("window_ns"), strcol("strategy")) ? column("window_ns") : NaN):(column("bmu_worst")):(strcol("workload") eq w ? marker(strcol("strategy")) : 0):(strcol("workload") eq w ? rgb(strcol("strategy")) : 0) \
       with points pt variable lc rgb variable ps 0.7 * PS title "some windows"
  unset label
}
unset multiplot
