#!/usr/bin/env bash
# tidy.sh BUILD -- clang-tidy over every source file once, with its first compile command
# in BUILD (a workload has one per collector; the findings would be the same).
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | sort -u |
    grep -v "^$(realpath "$build")/" |
    xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$build"
