#!/usr/bin/env bats
# The block workloads: the same work under every malloc, and exactly the requests that
# they claim.

bats_require_minimum_version 1.5.0

setup() {
    bin=${HEAPMARK_BIN:?folder of the built programs}
    manual=$bin/heapmark-cell-manual
    fixtures=$bin/fixtures
    [[ -e $fixtures/counting.so ]] || skip "a sanitizer owns malloc"
    cd "$BATS_TEST_TMPDIR"
}

# The second field of the record's line NAME.
field() {
    awk -F'\t' -v name="$1" '$1 == name { print $2; exit }' <<<"$output"
}

# The block workloads that the cell lists.
blocks() {
    "$manual" list | awk -F'\t' '$1 == "workload" && $3 == "block" { print $2 }'
}

# small WORKLOAD: its small size, from tests/fixtures/small_block_sizes.txt.
small() {
    local line
    line=$(grep "^$1 " "$BATS_TEST_DIRNAME/../fixtures/small_block_sizes.txt") || {
        echo "$1 has no line in small_block_sizes.txt" >&2
        return 1
    }
    for word in ${line#* }; do
        echo "param.$word"
    done
}

# max_threads WORKLOAD: 2 where it takes two, else 1.
max_threads() {
    "$manual" list | awk -F'\t' -v name="$1" \
        '$1 == "workload" && $2 == name { print ($6 + 0 > 1) ? 2 : 1 }'
}

@test "every block workload ends well with glibc's checksum under every malloc of our own" {
    while read -r workload; do
        mapfile -t size < <(small "$workload")
        threads=$(max_threads "$workload")
        run -0 "$manual" run "$workload" strategy=glibc seed=7 threads="$threads" "${size[@]}"
        [[ $(field status) == ok ]]
        expected=$(field checksum) ops=$(field ops) frees=$(field frees)
        [[ $expected =~ ^[0-9a-f]{8}$ && $ops -gt 0 && $frees -gt 0 ]]
        for library in "$bin"/libhm_*.so; do
            [[ $library == *template* ]] && continue
            LD_PRELOAD=$library run -0 "$manual" run "$workload" strategy=glibc seed=7 \
                threads="$threads" "${size[@]}"
            echo "$workload under $library: $output"
            [[ $(field status) == ok ]]
            [[ $(field checksum) == "$expected" ]]
            [[ $(field ops) -eq $ops ]]
            [[ $(field frees) -eq $frees ]]
        done
    done < <(blocks)
}

@test "the census sees as many requests as frees, and the null cell does the same work" {
    while read -r workload; do
        mapfile -t size < <(small "$workload")
        run -0 "$manual" run "$workload" strategy=glibc seed=7 "${size[@]}"
        ops=$(field ops) checksum=$(field checksum) frees=$(field frees)
        run -0 "$bin/heapmark-cell-census" run "$workload" seed=7 "${size[@]}"
        echo "$workload: $output"
        [[ $(field checksum) == "$checksum" ]]
        [[ $(field ops) -eq $ops ]]
        [[ $(field alloc_count) -eq $frees ]]
        run -0 "$bin/heapmark-cell-null" run "$workload" seed=7 "${size[@]}"
        [[ $(field ops) -eq $ops ]]
    done < <(blocks)
}

@test "who frees what another thread allocated is counted" {
    mapfile -t size < <(small xmalloc)
    run -0 "$manual" run xmalloc strategy=glibc "${size[@]}"
    [[ $(field remote_frees) -eq $(field frees) ]]
    mapfile -t size < <(small vyukov_relay)
    run -0 "$manual" run vyukov_relay strategy=glibc "${size[@]}"
    [[ $(field remote_frees) -gt 0 ]]
    # In one round no slot changes hands: only swaps make a free remote.
    local larson=(larson strategy=glibc threads=2 param.rounds=1 param.ops=5000 param.slots=100)
    run -0 "$manual" run "${larson[@]}"
    [[ $(field remote_frees) -eq 0 ]]
    run -0 "$manual" run "${larson[@]}" param.swap=500
    [[ $(field remote_frees) -gt 0 ]]
    run -0 "$manual" run larson strategy=glibc threads=2 param.rounds=2 param.ops=5000 param.slots=100
    [[ $(field remote_frees) -gt 0 ]]
    mapfile -t size < <(small churn)
    run -0 "$manual" run churn strategy=glibc threads=2 "${size[@]}"
    [[ $(field remote_frees) -eq 0 ]]
}
