# drain.gp -- what stays: the resident set when all was freed, and later.
#: What the program still occupies when it has freed all (pinned: nearly all), at once and after
#: so many seconds of waiting, then after 1000 requests more, and when the malloc was asked to
#: trim, if it can be. Medians, with intervals (ranges below 6 blocks). A line that falls gives
#: memory back by itself. A cross at the top marks a failure.
#     gnuplot -c drain.gp drain.csv OUT.svg
DATA = ARG1; OUT = ARG2
HERE = ARG0; while (strlen(HERE) && HERE[strlen(HERE):] ne "/") { HERE = HERE[1:strlen(HERE)-1] }
load HERE."style.gp"
A = ""; YMAX = 1
mine(w) = strcol("workload") eq w
see(a, h) = (A = append(A, a), YMAX = h > YMAX ? h : YMAX, 0)
SEE = "see(strcol('after'), column('high'))"
load HERE."panels.inc"
eval TERM("drain", WIDTH, HEIGHT)
# In this order; a campaign that watched for a short time has not got all of them.
ALL = "0s 0.1s 1s 5s 10s 1000ops trim"; SHOWN = ""
do for [a in ALL] { if (index_of(A, a)) { SHOWN = append(SHOWN, a) } }
AXIS = "after"; joined(a) = a ne "1000ops" && a ne "trim"; NA = words(SHOWN)
X(a, s) = index_of(SHOWN, a) + 0.5 * (index_of(S, s) - (NS + 1) / 2.0) / max(NS, 2)
set xrange [0.6 : NA + 0.4]; set xtics () font FONT.",10"
told(a) = a eq "trim" ? a : a eq "1000ops" ? "1k ops" : a[1:strlen(a)-1]." s"
do for [k=1:NA] { set xtics add (told(word(SHOWN, k)) k) }
set yrange [0 : YMAX * 1.12]; YTOP = YMAX * 1.06; Y = "rss_mib"
set format y "%g MiB"; set ytics font FONT.",10"
TITLE = "Resident set after the program freed its memory (lower is better)"
load HERE."curves.inc"
