#!/usr/bin/env bats
# ./bench: what it builds and says, with a cmake that only writes down how it was called.

bats_require_minimum_version 1.5.0

setup() {
    tree=$BATS_TEST_TMPDIR/tree
    mkdir -p "$tree"/{cmake,common,allocators,collectors,workloads,harness,plot} \
        "$tree/build/release/bin" "$BATS_TEST_TMPDIR/path"
    touch "$tree/CMakeLists.txt"
    cp "$BATS_TEST_DIRNAME/../../bench" "$tree/"
    script "$tree/cmake/setup.sh" 'exit 0'
    script "$tree/build/release/bin/heapmark" 'echo "heapmark $*, in $PWD"'
    script "$BATS_TEST_TMPDIR/path/cmake" 'echo "cmake $*" >>../calls
        [[ $1 != --preset ]] || touch build/release/build.ninja
        [[ ! -e ../broken ]] || { echo "cc: no such compiler"; exit 1; }'
    PATH=$BATS_TEST_TMPDIR/path:$PATH
    cd "$BATS_TEST_TMPDIR"
}

script() { # FILE TEXT
    printf '#!/usr/bin/env bash\n%s\n' "$2" >"$1"
    chmod +x "$1"
}

@test "the first time: configured without tests, built, and both steps are announced" {
    run -0 tree/bench
    [ "${lines[0]}" = "bench: building (about a minute, the first time)" ]
    [ "${lines[1]}" = "bench: measuring (about two minutes; leave the machine alone)" ]
    [ "${lines[2]}" = "heapmark run --report, in $PWD" ]
    [ "$(cat calls)" = "cmake --preset release -DBUILD_TESTING=OFF
cmake --build --preset release" ]
}

@test "a configured folder keeps its tests, and one that is built is not announced" {
    touch tree/build/release/build.ninja
    run -0 tree/bench
    run ! grep BUILD_TESTING calls
    touch -d tomorrow tree/build/release/.ninja_log
    run -0 tree/bench --blocks 1
    [ "${lines[0]}" = "bench: measuring (leave the machine alone)" ]
    [ "${lines[1]}" = "heapmark run --report --blocks 1, in $PWD" ]
    touch -d "next week" tree/common/new.c
    run -0 tree/bench
    [[ ${lines[0]} == "bench: building"* ]]
}

@test "through a symbolic link, from another folder" {
    ln -s "$tree/bench" "$BATS_TEST_TMPDIR/path/mybench"
    mkdir away && cd away
    run -0 mybench
    [ "${lines[-1]}" = "heapmark run --report, in $PWD" ]
}

@test "a build that fails: its last lines, the file with the rest, and no measurement" {
    touch broken
    run -1 --separate-stderr tree/bench
    [[ $stderr == *"cc: no such compiler"*"its output is in build-bench.log"* ]]
    [[ $output != *measuring* ]]
}

@test "the release preset has tests, whatever bench left in its cache" {
    cp "$BATS_TEST_DIRNAME/../../CMakePresets.json" .
    echo 'cmake_minimum_required(VERSION 3.25)
project(x NONE)
include(CTest)' >CMakeLists.txt
    PATH=${PATH#*:}
    cmake --preset release -DBUILD_TESTING=OFF >/dev/null
    cmake --preset release >/dev/null
    grep -q '^BUILD_TESTING:.*=ON$' build/release/CMakeCache.txt
}
