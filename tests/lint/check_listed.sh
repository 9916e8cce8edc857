#!/bin/sh
# check_listed.sh ROOT -- every plug-in file is named in its folder's CMakeLists.txt.
set -eu
cd "$1"
bad=0
listed() { # ID LIST FILE
    grep -qE "^ *hm_add_[a-z]+\\(([a-z]+ )?$1[ )]" "$2" && return
    echo "lint: $3 is not in $2" >&2
    bad=1
}
for f in allocators/*.c; do
    case $f in allocators/malloc_shim.c) continue ;; esac
    listed "$(basename "$f" .c)" allocators/CMakeLists.txt "$f"
done
for f in collectors/*/; do
    case $f in collectors/substrate/ | collectors/node/) continue ;; esac
    listed "$(basename "$f")" collectors/CMakeLists.txt "$f"
done
for f in workloads/object/*.c workloads/block/*.c; do
    listed "$(basename "$f" .c)" workloads/CMakeLists.txt "$f"
done
for f in plot/*.gp; do
    case $f in plot/style.gp) continue ;; esac
    listed "$(basename "$f" .gp)" plot/CMakeLists.txt "$f"
done
exit $bad
