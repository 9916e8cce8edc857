#!/bin/sh
# programs.sh LIBRARY -- real programs give the same output under LIBRARY as without it.
set -eu
library=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

same() { # NAME COMMAND...
    name=$1
    shift
    "$@" >"$dir/expected" 2>&1
    if ! LD_PRELOAD=$library "$@" >"$dir/actual" 2>&1 ||
        ! cmp -s "$dir/expected" "$dir/actual"; then
        echo "$name differs under $library:" >&2
        diff "$dir/expected" "$dir/actual" | head -n 10 >&2
        exit 1
    fi
    echo "$name: same"
}

cat >"$dir/words.sh" <<'END'
declare -A seen
for i in {1..3000}; do
    word="word$((i * 7919 % 1013))"
    seen[$word]=$((${seen[$word]:-0} + 1))
done
for word in "${!seen[@]}"; do echo "$word ${seen[$word]}"; done | sort
(echo in a subshell; echo "$(echo nested)")
END
cat >"$dir/work.py" <<'END'
import threading
def work(out, seed):
    words = {}
    for i in range(20000):
        words["k%d" % (i * seed % 5003)] = [str(i)] * (i % 17)
    out.append(sum(len(v) for v in words.values()))
out = []
threads = [threading.Thread(target=work, args=(out, s)) for s in (3, 5, 7, 11)]
for t in threads: t.start()
for t in threads: t.join()
print(sorted(out))
END
cat >"$dir/unit.c" <<'END'
#include <stdio.h>
int main(void) { int sum = 0; for (int i = 0; i < 99; i++) sum += i; printf("%d\n", sum); }
END

same bash bash "$dir/words.sh"
seq 200000 | tac >"$dir/numbers"
same sort sort -n --parallel=4 "$dir/numbers"
if [ -x /usr/bin/python3 ]; then
    same python3 /usr/bin/python3 "$dir/work.py"
fi
if command -v gcc >/dev/null; then
    same gcc gcc -O2 -S -o - "$dir/unit.c"
fi
