#!/usr/bin/env bats
# The block workloads: the same work under every malloc, and exactly the requests that
# they claim.

bats_require_minimum_version 1.5.0

load record.bash

setup() {
    manual_cell
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

@test "the census sees as many requests as frees and losses, and the null cell does the same work" {
    while read -r workload; do
        mapfile -t size < <(small "$workload")
        run -0 "$manual" run "$workload" strategy=glibc seed=7 "${size[@]}"
        ops=$(field ops) checksum=$(field checksum) frees=$(field frees)
        remote_frees=$(field remote_frees)
        run -0 "$bin/heapmark-cell-census" run "$workload" seed=7 "${size[@]}"
        echo "$workload: $output"
        [[ $(field checksum) == "$checksum" ]]
        [[ $(field ops) -eq $ops ]]
        [[ $(field alloc_count) -eq $((frees + $(field lost_count))) ]]
        run -0 "$bin/heapmark-cell-null" run "$workload" seed=7 "${size[@]}"
        [[ $(field ops) -eq $ops ]]
        [[ $(field frees) -eq $frees && $(field remote_frees) -eq $remote_frees ]]
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
    mapfile -t size < <(small batch_free)
    run -0 "$manual" run batch_free strategy=glibc "${size[@]}"
    [[ $(field remote_frees) -eq $(field frees) ]]
    mapfile -t size < <(small msgpass)
    run -0 "$manual" run msgpass strategy=glibc "${size[@]}"
    [[ $(field remote_frees) -eq $(field frees) ]]
    # What is held at the end is dropped, and not counted as remote.
    run -0 "$manual" run remote_reclaimer strategy=glibc \
        param.producers=3 param.blocks=200 param.ops=2000
    [[ $(field remote_frees) -eq 6000 && $(field frees) -eq 6600 ]]
    mapfile -t size < <(small superserver)
    # all but those that wait for their batch to be full, and those dropped
    run -0 "$bin/heapmark-cell-census" run superserver threads=2 "${size[@]}"
    died=$(field free_count)
    run -0 "$manual" run superserver strategy=glibc threads=2 "${size[@]}"
    [[ $(field remote_frees) -eq $died && $died -gt 0 ]]
    run -0 "$manual" run superserver strategy=glibc "${size[@]}"
    [[ $(field remote_frees) -eq 0 ]]
}

@test "the time of a workload's threads is never taken for the strategy's" {
    for workload in xmalloc vyukov_relay msgpass batch_free remote_reclaimer line_sharing; do
        mapfile -t size < <(small $workload)
        run -0 "$manual" run $workload strategy=glibc "${size[@]}"
        [[ $(field cpu_ns) -gt 0 && -z $(field mutator_cpu_ns) ]]
    done
    for workload in churn fleet superserver; do
        mapfile -t size < <(small $workload)
        run -0 "$manual" run $workload strategy=glibc threads=2 "${size[@]}"
        [[ $(field mutator_cpu_ns) -gt 0 ]]
    done
}

@test "fleet: victims are remote in the share asked for, and the work is the same" {
    local fleet=(fleet strategy=glibc threads=2 param.heap=256K param.events=20000 param.replays=5)
    run -0 "$manual" run "${fleet[@]}"
    [[ $(field remote_frees) -eq 0 ]]
    checksum=$(field checksum) frees=$(field frees)
    run -0 "$manual" run "${fleet[@]}" param.remote=250
    [[ $(field checksum) == "$checksum" && $(field frees) -eq $frees ]]
    # a quarter of those that are not dropped in the end
    remote=$(field remote_frees)
    run -0 "$bin/heapmark-cell-census" run fleet threads=2 "${fleet[@]:3}"
    died=$(field free_count)
    echo "$remote of $died"
    [[ $remote -gt $((died * 24 / 100)) && $remote -lt $((died * 26 / 100)) ]]
    run -0 "$manual" run "${fleet[@]}" param.remote=250
    [[ $(field remote_frees) -eq $remote ]]
}

@test "fleet: a replay ends with what it began with, and every profile has the heap asked for" {
    for profile in rpc index cache storage stream; do
        for replays in 1 3; do
            run -0 "$bin/heapmark-cell-census" run fleet param.profile=$profile \
                param.heap=4M param.events=20000 param.replays=$replays
            echo "$profile: $output"
            # within the rounding of counts, at most a block of each size
            [[ $(field live_end_bytes) -gt 3900000 && $(field live_end_bytes) -lt 4200000 ]]
            [[ $replays -eq 1 || $(field live_end_bytes) -eq $end ]]
            end=$(field live_end_bytes)
        done
    done
    # Phases of other profiles between: the same at the end, other sizes meanwhile.
    run -0 "$bin/heapmark-cell-census" run fleet param.profile=stream param.phases=4 \
        param.heap=4M param.events=20000 param.replays=1
    [[ $(field live_end_bytes) -eq $end ]]
}

@test "fleet: a size of twice the rate and the same number alive is born twice as often" {
    run -0 env LD_PRELOAD="$fixtures/sizes.so" SIZES_FILE=sizes "$manual" run fleet \
        strategy=glibc param.profile=rpc param.heap=1M param.events=100000 param.replays=1
    births() { awk -v bytes="$1" '$1 == bytes { print $2 }' sizes; }
    # rates of 120 and 60 in the profile; the first fill has 6.4 blocks for each of `live`
    more=$(($(births 16) - 200 * 1048576 / 163660)) less=$(($(births 240) - 40 * 1048576 / 163660))
    echo "$more $less"
    [[ $((more * 10)) -gt $((less * 17)) && $((more * 10)) -lt $((less * 23)) ]]
}

@test "superserver: objects stay within the budget" {
    run -0 "$bin/heapmark-cell-census" run superserver param.ops=50000 param.budget=1M param.top=14
    [[ $(field live_peak_bytes) -le 1048576 && $(field live_end_bytes) -gt 900000 ]]
    # with threads: and for each 16 batches of 16 that wait, one being filled, one being freed
    run -0 "$bin/heapmark-cell-census" run superserver threads=2 param.ops=50000 \
        param.budget=1M param.top=6
    [[ $(field live_peak_bytes) -le $((1048576 + 2 * 18 * 16 * 128)) ]]
}

@test "what waits to be freed by another thread is bounded" {
    run -0 "$bin/heapmark-cell-census" run remote_reclaimer param.producers=4 param.blocks=100 \
        param.ops=5000 param.batch=10 param.batches=3
    [[ $(field live_end_bytes) -eq $((4 * 100 * 592)) ]]
    [[ $(field live_peak_bytes) -le $((592 * (4 * 100 + 10 * (3 + 4 + 1) + 4))) ]]
    run -0 "$bin/heapmark-cell-census" run batch_free param.allocators=3 param.rounds=500 \
        param.sizes=8 param.batch=10 param.batches=3
    [[ $(figure queue_peak_bytes) -gt 0 && $(figure queue_peak_bytes) -le $((3 * 10 * 512)) ]]
    [[ $(field live_peak_bytes) -le $((10 * (3 + 3 + 1) * 512)) ]]
    run -0 "$bin/heapmark-cell-census" run msgpass param.batches=2000 param.outstanding=160
    # and a batch of 16 in the hands of each of eight threads
    [[ $(field live_peak_bytes) -le $((128 * (160 + 16 * 8))) ]]
}

# sharing LIBRARY WORD...: one round of each mode under a malloc of our own.
sharing() {
    LD_PRELOAD=$bin/libhm_$1.so run -0 "$manual" run line_sharing strategy=glibc \
        param.rounds=1 "${@:2}"
    echo "$*: $output"
    [[ $(field status) == ok ]]
}

@test "line_sharing: consecutive blocks share lines, those of the threads' own pages none" {
    for bytes in 8 16 32; do
        # bump puts one block behind the other, whoever asks, and frees nothing
        sharing bump param.bytes=$bytes
        [[ $(figure active_percent) -gt 60 && $(figure active_pairs_percent) -gt 90 ]]
        [[ $(figure passive_percent) -gt 60 && $(figure passive_pairs_percent) -gt 90 ]]
        sum=$(field checksum)
        sharing threadcache param.bytes=$bytes
        for name in active passive active_pairs passive_pairs; do
            [[ $(figure ${name}_percent) -eq 0 ]]
        done
        [[ $(field checksum) == "$sum" && -z $(figure active_later_percent) ]]
    done
    # Objects of a line or more are in the lines of others only in part.
    sharing bump param.bytes=128
    [[ $(figure active_percent) -lt 60 ]]
}

@test "line_sharing: one list of free blocks gives a thread the lines of another" {
    sharing segregated param.mode=passive
    [[ $(figure passive_percent) -gt 50 && -z $(figure active_percent) ]]
    passive=$(figure passive_percent)
    sharing segregated param.mode=passive param.rounds=4
    [[ $(figure passive_percent) -eq $passive && $(figure passive_later_percent) -gt 50 ]]
    sharing segregated param.mode=active
    [[ -n $(figure active_percent) && -z $(figure passive_percent) ]]
}

@test "foreign blocks, lists and what the dead leave behind are remote; rings and slots are not" {
    for threads in 1 2; do
        run -0 "$manual" run ring_churn_foreign strategy=glibc threads=$threads \
            param.bursts=7 param.ops=500 param.foreign=300 param.slots=500
        [[ $(field remote_frees) -eq $((threads * 7 * 300)) ]]
        # One slot: every thread but the first frees its predecessor's block.
        run -0 "$manual" run thread_turnover strategy=glibc threads=$threads \
            param.rounds=20 param.slots=1
        [[ $(field ops) -eq $((threads * 200)) ]]
        [[ $(field remote_frees) -eq $((threads * 200 - 1)) ]]
        run -0 "$manual" run cross_lists strategy=glibc threads=$threads \
            param.loops=50 param.every=1
        [[ $(field remote_frees) -eq $(((threads - 1) * $(field ops) / 2)) ]]
        mapfile -t size < <(small phases)
        run -0 "$manual" run phases strategy=glibc threads=$threads "${size[@]}"
        [[ $(field remote_frees) -gt 0 && $(field remote_frees) -lt $(field frees) ]]
        for workload in ring_churn pareto_slots; do
            mapfile -t size < <(small $workload)
            run -0 "$manual" run $workload strategy=glibc threads=$threads "${size[@]}"
            [[ $(field remote_frees) -eq 0 ]]
        done
    done
}

# requests WORKLOAD LENGTH THREADS: of a run of that length, less those it reports.
requests_beyond_report() {
    COUNT_FILE=count LD_PRELOAD=$fixtures/counting.so \
        run -0 "$manual" run "$1" strategy=glibc param."$2" threads="$3"
    [[ $(field status) == ok && $(field frees) -gt 1000 ]]
    echo "$(($(counted count malloc calloc) - $(field frees))) $(($(counted count free) - $(field frees)))"
}

@test "every request of the workloads with threads reaches malloc" {
    local words
    while read -r workload short long; do
        # Beside them, each new stack costs the C library a request or two: a few.
        for threads in 1 2; do
            for length in "$short" "$long"; do
                words=$(requests_beyond_report "$workload" "$length" $threads)
                echo "$workload $length threads=$threads: $words"
                read -r allocated freed <<<"$words"
                [[ $allocated -ge 0 && $allocated -le 50 ]]
                [[ $freed -ge 0 && $freed -le 50 ]]
            done
        done
    done <<'ROWS'
cross_lists loops=20 loops=200
pareto_slots ops=20000 ops=200000
phases iterations=1 iterations=5
ring_churn ops=20000 ops=200000
ring_churn_foreign bursts=2 bursts=10
thread_turnover rounds=200 rounds=600
ROWS
}

@test "with threads, the same seed gives the same checksum, and the census counts the same" {
    for workload in cross_lists pareto_slots phases ring_churn ring_churn_foreign thread_turnover; do
        mapfile -t size < <(small $workload)
        for threads in 2 5; do
            run -0 "$manual" run $workload strategy=glibc threads=$threads "${size[@]}"
            checksum=$(field checksum) frees=$(field frees)
            run -0 "$manual" run $workload strategy=glibc threads=$threads "${size[@]}"
            [[ $(field checksum) == "$checksum" ]]
            run -0 "$bin/heapmark-cell-census" run $workload threads=$threads "${size[@]}"
            [[ $(field checksum) == "$checksum" ]]
            [[ $(field alloc_count) -eq $frees ]]
            run -0 "$bin/heapmark-cell-null" run $workload threads=$threads "${size[@]}"
            [[ $(field status) == ok ]]
        done
    done
}

@test "a thread that the system refuses is oom" {
    # A thousand stacks do not fit; what else the cell needs does.
    run -0 bash -c "ulimit -v 50000; exec '$manual' run vyukov_relay strategy=glibc \
        param.links=1000 param.blocks=10"
    [[ $(field status) == oom && ${lines[0]} == *"no room for 65536 bytes" ]]
    [[ ${lines[-1]} == end ]]
}
