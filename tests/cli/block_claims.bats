#!/usr/bin/env bats
# What block workloads claim to find out about memory, and what they ask for.

bats_require_minimum_version 1.5.0

load record.bash

setup() {
    manual_cell
}

MIB=1048576

@test "drain looks at the resident set as long as it is told to, outside of the clock window" {
    local drain=(drain strategy=glibc param.bytes=$((16 * MIB)))
    run -0 "$manual" run "${drain[@]}" param.watch_ms=99
    [[ $(grep -c '^figure.rss_[0-9]*ms' <<<"$output") -eq 1 ]]
    [[ $(figure rss_0ms_bytes) -gt 0 && $(figure rss_1000ops_bytes) -gt 0 ]]
    run -0 "$manual" run "${drain[@]}" param.watch_ms=1000
    [[ $(grep -c '^figure.rss_[0-9]*ms' <<<"$output") -eq 3 ]]
    [[ $(figure rss_100ms_bytes) -gt 0 && $(figure rss_1000ms_bytes) -gt 0 ]]
    # The window has ended a second ago, on the clock that began when the machine did.
    read -r now_s _ </proc/uptime
    window_end_ns=$(awk -F'\t' '$1 == "window" { print $3 }' <<<"$output")
    [[ $((${now_s/./}0000000 - window_end_ns)) -gt 990000000 ]]
}

@test "drain: waiting changes neither checksum nor census, nor the number of requests" {
    for wait in 0 100; do
        run -0 "$manual" run drain strategy=glibc param.bytes=$MIB param.watch_ms=$wait
        echo "$(field checksum) $(field ops) $(field frees)" >>same
        run -0 "$bin/heapmark-cell-census" run drain param.bytes=$MIB param.watch_ms=$wait
        echo "$(field checksum) $(field ops) $(field alloc_count)" >>same
    done
    cat same
    [[ $(sort -u same | wc -l) -eq 1 ]]
}

@test "drain and pinned: what is needed at the end is nothing, and the survivors" {
    run -0 "$bin/heapmark-cell-census" run drain param.bytes=$((4 * MIB)) param.watch_ms=0
    [[ $(field live_end_bytes) -eq 0 ]]
    peak=$(field live_peak_bytes)
    [[ $peak -gt $((4 * MIB * 98 / 100)) && $peak -lt $((4 * MIB * 102 / 100)) ]]
    run -0 "$bin/heapmark-cell-census" run pinned param.bytes=$((4 * MIB)) param.watch_ms=0 \
        param.keep=100
    [[ $(field live_peak_bytes) -eq $peak ]]
    [[ $(field live_end_bytes) -gt $((peak * 9 / 100)) ]]
    [[ $(field live_end_bytes) -lt $((peak * 11 / 100)) ]]
}

@test "drain: memory that malloc keeps is resident, and memory that it gives back is not" {
    # Above its threshold glibc maps each block, and unmaps it.
    local drain=(drain strategy=glibc param.watch_ms=0 param.bytes=$((64 * MIB))
        param.min_bytes=1M param.max_bytes=1M)
    run -0 "$manual" run "${drain[@]}"
    [[ $(field rss_peak_bytes) -gt $((64 * MIB)) ]]
    [[ $(figure rss_0ms_bytes) -lt $(($(field rss_base_bytes) + 8 * MIB)) ]]
    LD_PRELOAD=$bin/libhm_bump.so run -0 "$manual" run "${drain[@]}"
    [[ $(figure rss_0ms_bytes) -gt $((64 * MIB)) ]]
}

@test "drain: pages that MADV_FREE gave back do not count, whether the kernel took them or not" {
    PATH=$PATH:/sbin ldconfig -p | grep -q "libjemalloc.so.2 " ||
        skip "libjemalloc.so.2 is not installed"
    # A thread of its own soon makes pages muzzy, and leaves them so.
    MALLOC_CONF=background_thread:true,dirty_decay_ms:10,muzzy_decay_ms:-1 \
        LD_PRELOAD=libjemalloc.so.2 run -0 \
        "$manual" run drain strategy=glibc param.watch_ms=1000 param.bytes=$((64 * MIB))
    [[ $(field rss_end_bytes) -gt $((56 * MIB)) ]]
    [[ $(figure rss_1000ms_bytes) -lt $((40 * MIB)) ]]
}

@test "what a malloc keeps comes back when it is asked to trim" {
    local drain=(drain strategy=glibc param.watch_ms=0 param.bytes=$((64 * MIB)))
    run -0 "$manual" run "${drain[@]}"
    [[ $(figure rss_1000ops_bytes) -gt $((64 * MIB)) ]]
    [[ $(field rss_drained_bytes) -gt $((64 * MIB)) ]]
    [[ $(figure rss_trimmed_bytes) -gt 0 && $(figure rss_trimmed_bytes) -lt $((16 * MIB)) ]]
    for library in libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
        PATH=$PATH:/sbin ldconfig -p | grep -q "$library " || continue
        LD_PRELOAD=$library run -0 "$manual" run "${drain[@]}"
        echo "$library: $output"
        [[ $(figure rss_trimmed_bytes) -gt 0 ]]
        [[ $(figure rss_trimmed_bytes) -lt $(($(figure rss_1000ops_bytes) - 8 * MIB)) ]]
    done
}

@test "tbb is asked to trim though what serves malloc is another library than what can" {
    PATH=$PATH:/sbin ldconfig -p | grep -q "libtbbmalloc_proxy.so.2 " ||
        skip "libtbbmalloc_proxy.so.2 is not installed"
    LD_PRELOAD=libtbbmalloc_proxy.so.2 run -0 "$manual" run drain strategy=glibc \
        param.watch_ms=0 param.bytes=$MIB
    [[ $(figure rss_trimmed_bytes) -gt 0 ]]
}

@test "a malloc that cannot be asked to trim has no figure, whatever other mallocs there are" {
    local library others=(libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4)
    for library in "" "${others[@]}"; do
        [[ -z $library ]] || PATH=$PATH:/sbin ldconfig -p | grep -q "$library " || continue
        # libc.so.6 is there anyway: its malloc_trim would be called
        LD_PRELOAD="$bin/libhm_bump.so $library" run -0 "$manual" run drain strategy=glibc \
            param.watch_ms=0 param.bytes=$MIB
        echo "$library: $output"
        [[ $(field malloc) == */libhm_bump.so && $(figure rss_1000ops_bytes) -gt 0 ]]
        [[ $output != *rss_trimmed_bytes* ]]
    done
}

@test "two threads drain what each has filled, and one looks" {
    for workload in drain pinned sawtooth; do
        run -0 "$manual" run $workload strategy=glibc threads=2 param.bytes=$((2 * MIB))
        two=$(field ops)
        [[ $(field remote_frees) -eq 0 ]]
        run -0 "$manual" run $workload strategy=glibc param.bytes=$((2 * MIB))
        [[ $two -eq $((2 * $(field ops))) ]]
    done
    run -0 "$manual" run drain strategy=glibc threads=2 param.bytes=$((16 * MIB)) param.watch_ms=0
    [[ $(field rss_peak_bytes) -gt $((32 * MIB)) ]]
    [[ $(grep -c '^figure.rss_0ms' <<<"$output") -eq 1 ]]
    [[ $(figure rss_0ms_bytes) -le $(field rss_peak_bytes) ]]
}

@test "sawtooth: a malloc that never frees grows by each tooth, glibc does not" {
    local saw=(param.bytes=$((8 * MIB)) param.teeth=5)
    run -0 "$manual" run sawtooth strategy=glibc "${saw[@]}"
    [[ $(figure rss_first_top_bytes) -gt $((8 * MIB)) ]]
    [[ $(figure rss_last_top_bytes) -lt $(($(figure rss_first_top_bytes) + 4 * MIB)) ]]
    LD_PRELOAD=$bin/libhm_bump.so run -0 "$manual" run sawtooth strategy=bump "${saw[@]}"
    [[ $(figure rss_last_top_bytes) -gt $(($(figure rss_first_top_bytes) + 31 * MIB)) ]]
}

@test "large_small_frag: no malloc that joins its holes needs three buffers" {
    for name in glibc tlsf segregated best_fit; do
        LD_PRELOAD=$([[ $name == glibc ]] || echo "$bin/libhm_$name.so") run -0 "$manual" \
            run large_small_frag strategy=$name param.rounds=20
        echo "$name: $output"
        [[ $(($(field rss_peak_bytes) - $(field rss_base_bytes))) -lt $((96 * MIB)) ]]
        [[ $(field rss_peak_bytes) -gt $((32 * MIB)) ]]
    done
}

@test "leak_slow: the share that it claims is lost, and is resident" {
    local leak=(param.steps=1000000 param.lost=100 param.bytes=256)
    run -0 "$bin/heapmark-cell-census" run leak_slow "${leak[@]}"
    lost=$(field lost_bytes)
    [[ $lost -gt $((99 * 256000)) && $lost -lt $((101 * 256000)) ]]
    [[ $(field live_peak_bytes) -eq $((4097 * 256 - 256)) ]]
    [[ $(field free_count) -eq $((1000000 - lost / 256)) ]]
    run -0 "$manual" run leak_slow strategy=glibc "${leak[@]}"
    [[ $(counter lost_bytes) -eq $lost ]]
    [[ $(figure rss_growth_bytes) -gt $((lost * 9 / 10)) ]]
    run -0 "$manual" run leak_slow strategy=glibc "${leak[@]}" param.lost=0
    [[ $(counter lost_bytes) -eq 0 ]]
    [[ $(figure rss_growth_bytes) -lt $((2 * MIB)) ]]
}

@test "thread_startup: a latency for each new thread, whichever malloc it has" {
    for library in "" "$bin/libhm_threadcache.so" "$bin/libhm_segregated.so"; do
        LD_PRELOAD=$library run -0 "$manual" run thread_startup strategy=glibc \
            param.rounds=10 param.starters=8
        [[ $(field status) == ok ]]
        [[ $(field lat_n) -eq 80 && $(field ops) -eq 80 ]]
    done
}

@test "calloc_sweep and realloc_growth ask calloc and realloc, once for each operation" {
    for rounds in 1 2; do
        COUNT_FILE=$PWD/calloc.$rounds LD_PRELOAD=$fixtures/counting.so run -0 "$manual" \
            run calloc_sweep strategy=glibc param.rounds=$rounds param.bytes=1000
        echo "$(field ops)" >calloc.ops.$rounds
        COUNT_FILE=$PWD/realloc.$rounds LD_PRELOAD=$fixtures/counting.so run -0 "$manual" \
            run realloc_growth strategy=glibc param.rounds=$rounds param.buffers=4
        echo "$(field ops)" >realloc.ops.$rounds
    done
    for door in calloc realloc; do
        made=$(($(counted $door.2 $door) - $(counted $door.1 $door)))
        [[ $made -gt 0 ]]
        [[ $made -eq $(($(cat $door.ops.2) - $(cat $door.ops.1))) ]]
    done
}
