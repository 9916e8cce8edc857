#!/bin/sh
# check_includes.sh ROOT -- fail when a folder includes one it must not know.
#   common <- allocators, collectors <- workloads <- cells (harness/cell) <- tests
#   common <- the driver (harness, less its cells); analysis knows CSV files, not campaigns
set -eu
cd "$1"
bad=0
rule() { # FORBIDDEN-REGEX FILE-OR-FOLDER...
    forbidden=$1
    shift
    if grep -rnE "^#include \"($forbidden)/" "$@" --include='*.[ch]'; then
        echo "lint: $* must not include from $forbidden; see ARCHITECTURE.md" >&2
        bad=1
    fi
}
rule 'allocators|collectors|workloads|harness|tests' common
rule 'collectors|workloads|harness|tests' allocators
rule 'allocators|workloads|harness|tests' collectors
rule 'allocators|harness|tests' workloads
rule 'allocators|tests' harness
rule 'collectors|workloads|harness/cell' harness/*.[ch] harness/campaign harness/analysis
rule 'harness/campaign' harness/analysis
rule 'harness/campaign|harness/analysis' harness/cell
# A path without a folder is an include that nobody can check.
if grep -rnE '^#include "[^/"]+"' common allocators collectors workloads harness; then
    echo "lint: write includes from the root" >&2
    bad=1
fi
exit $bad
