#!/usr/bin/env bats
# The recipes of CONTRIBUTING.md, executed as they stand in a copy of the tree.

setup_file() {
    export COPY="$PWD/build/recipes"
    rm -rf "$COPY"
    mkdir -p "$COPY"
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' f; do
        [ ! -f "$f" ] || cp --parents "$f" "$COPY"
    done
    cd "$COPY"
    git init -q . && git add -A .
    recipe 'Recipes'
}

# The commands of the section with this title, stopped at the first failure.
recipe() {
    awk -v title="$1" '/^#+ / { on = ($0 ~ "^#+ " title "$") }
        /^```$/ { code = 0 } on && code { print } /^```sh$/ { code = 1 }' \
        CONTRIBUTING.md >recipe.sh
    [ -s recipe.sh ]
    bash -eu -o pipefail recipe.sh
}

teardown_file() {
    rm -rf "$COPY"
}

setup() {
    cd "$COPY"
}

@test "the recipe for an allocator adds one that passes and runs" {
    run recipe 'An allocator of your own'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *mine_allocator* ]]
}

@test "the recipe for a collector adds one that passes and runs" {
    run recipe 'A collector'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *mine_collector* ]]
}

@test "the recipe for a workload adds one that runs" {
    run recipe 'A workload'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *mine_workload* ]]
}

@test "the recipe for a chart adds one that is listed" {
    run recipe 'A chart'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *mine_chart* ]]
}

@test "what the recipes added satisfies the lint tests" {
    for check in includes listed heads words; do
        run sh tests/lint/check_$check.sh .
        echo "$output"
        [ "$status" -eq 0 ]
    done
}
