# style.gp -- what all charts share.  A chart's script begins with
#     DATA = ARG1; OUT = ARG2; load <this file, beside the script>
# OUT ends in .svg or .png.  Strategies keep colour, marker and dash over all
# charts: those named here have their own, others get theirs from their name.
set encoding utf8
set decimalsign '.'
set minussign
set datafile separator comma
set datafile columnheaders
if (!exists("DATA") || DATA eq "" || OUT eq "") {
  print "usage: gnuplot -c CHART.gp DATA.csv OUT.svg|OUT.png"
  exit status 2
}
IS_PNG = strlen(OUT) > 4 && OUT[strlen(OUT)-3:] eq ".png"
FONT = IS_PNG ? "DejaVu Sans" : "sans-serif"
TERM(id, w, h) = (IS_PNG \
  ? sprintf("set terminal pngcairo size %d,%d font '%s,10'", w, h, FONT) \
  : sprintf("set terminal svg size %d,%d dynamic font '%s,13' name '%s'", w, h, FONT, id)) \
  ." background rgb '#ffffff' dashlength 1.5 noenhanced; set output OUT"

PS = IS_PNG ? 1.0 : 0.75                        # SVG draws the same marker larger

# Okabe and Ito's colours; their yellow darkened and black softened.
COLOURS = "#333333 #d55e00 #009e73 #e69f00 #cc79a7 #0072b2 #56b4e9 #8c7a00"
# The look of each strategy, id:colour:marker: no two are the same.  Collectors that share
# charts differ in colour first; markers 0 to 5 are filled, 6 to 11 open.
LOOKS = "glibc:1:0 jemalloc:2:1 mimalloc:3:2 tcmalloc:4:3 tbb:5:4" \
     ." tcmalloc_minimal:4:9 scudo:8:3 musl:7:5 bump:3:9 first_fit:4:10" \
     ." best_fit:2:11 buddy:3:11 segregated:6:11 threadcache:7:11 tlsf:4:11 slab:5:10 pool:8:11" \
     ." semispace:6:5 marksweep:7:0 markcompact:5:11 immix:3:6 sticky_immix:3:4" \
     ." generational:2:9 incremental:4:7 concurrent:5:8 refcount:8:8 refcount_cycle:1:8" \
     ." bdwgc:8:1 bdwgc_incremental:8:5 arena:6:9 manual_roots:1:10 node:7:7" \
     ." node_1gc:6:2 node_loop:5:7 generational_loop:4:8 generational_v8:5:3" \
     ." nogc:1:2 null:6:6"
FILLED = "7 5 9 11 13 15"
OPEN = "6 4 8 10 12 14"
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_.@#+-/=;ABCDEFGHIJKLMNOPQRSTUVWXYZ"
index_of(list, s) = int(sum [k=1:words(list)] (word(list, k) eq s ? k : 0))
append(list, s) = index_of(list, s) ? list : (list eq "" ? s : list." ".s)
cut(s, c) = strstrt(s, c) ? s[1:strstrt(s, c)-1] : s
id_of(s) = cut(cut(s, "@"), "#")
hash(s) = int(sum [k=1:strlen(s)] (k * strstrt(LETTERS, s[k:k])))
look_at(s) = strstrt(" ".LOOKS, " ".s.":")     # 0: none of its own
look_of(s) = look_at(s) ? word(LOOKS[look_at(s):], 1)[strlen(s)+2:] : ""
look(s) = strlen(look_of(s)) ? look_of(s) : sprintf("%d:%d", 2 + hash(s) % 7, hash(s) / 7 % 12)
hue(s) = int(cut(look(s), ":"))
shape(s) = int(look(s)[strstrt(look(s), ":")+1:])
variant(s) = strstrt(s, "@") ? int(2 * real(s[strstrt(s, "@")+1:strlen(s)-1])) : 0    # "@1.5x"
colour(s) = id_of(s) eq "nogc" ? "#999999" : word(COLOURS, hue(id_of(s)))
rgb(s) = int("0x".(colour(s)[2:]))
shifted(m, v) = int(word((m / 6 + v / 6) % 2 == 1 ? OPEN : FILLED, (m + v) % 6 + 1))
marker(s) = shifted(shape(id_of(s)), variant(s))
is_twin(s) = strstrt(s, "#twin") > 0
said(status) = status eq "oom" ? "OOM" : status eq "bad_checksum" ? "bad sum" \
  : status eq "wrong_allocator" ? "wrong lib" : status eq "none" ? "–" : status
# With ONLY = "@3x" strategies at other heap multiples are left out (one_heap.inc).
ONLY = ""
is_shown(s) = ONLY eq "" || !strstrt(s, "@") || s[strstrt(s, "@"):] eq ONLY
max(a, b) = a > b ? a : b
min(a, b) = a < b ? a : b

set border 3 lc rgb "#555555" lw 1
set tics nomirror out scale 0.6 textcolor rgb "#333333"
set grid xtics ytics lt 1 lc rgb "#e3e3e3" lw 0.7 dt 1
set errorbars 0
set style fill solid 1 noborder
unset key
