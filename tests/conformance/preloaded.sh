#!/bin/sh
# preloaded.sh LIBRARY COMMAND... -- COMMAND under LD_PRELOAD=LIBRARY; 77 (a skip) where the
# dynamic loader does not find it.
set -eu
library=$1
shift
complaint=$(LD_PRELOAD=$library /bin/true 2>&1 >/dev/null)
if [ -n "$complaint" ]; then
    echo "skipped: $complaint"
    exit 77
fi
LD_PRELOAD=$library exec "$@"
