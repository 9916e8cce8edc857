/* SPDX-License-Identifier: MIT */
/* columns.h -- the only list of what runs.csv and minheap.csv hold.  It writes
 * their headers, the dictionary in results/README.md and schema.json; tests
 * compare them.
 *
 * X(name, type, unit, meaning)   type: TEXT, UINT or REAL
 * Empty = not measured.  New columns go to the end. */
#ifndef HM_HARNESS_COLUMNS_H
#define HM_HARNESS_COLUMNS_H

#define HM_RUN_COLUMNS(X)                                                      \
    X(schema, UINT, "-", "version of this list: 1")                            \
    X(run_id, UINT, "-", "number of the run within the campaign, from 0")      \
    X(block, UINT, "-", "block it belongs to, from 0")                         \
    X(order_in_block, UINT, "-", "position within the shuffled block")         \
    X(cell, UINT, "-", "row of plan.csv")                                      \
    X(workload, TEXT, "-", "id of the workload")                               \
    X(kind, TEXT, "-", "object or block")                                      \
    X(params, TEXT, "-", "parameters of the workload, name=value; separated")  \
    X(seed, UINT, "-", "seed of the workload")                                 \
    X(strategy, TEXT, "-", "id of the strategy or variant")                    \
    X(class, TEXT, "-", "allocator, collector or reference")                   \
    X(arm, TEXT, "-", "baseline, twin (baseline again) or test")               \
    X(threads, UINT, "-", "mutator threads")                                   \
    X(heap_multiple, REAL, "ratio", "heap limit asked for / heap_base_bytes")  \
    X(heap_limit_bytes, UINT, "bytes", "heap limit; empty: none")              \
    X(status, TEXT, "-",                                                       \
      "ok, oom, timeout, crash, bad_checksum, wrong_allocator, unsupported, "  \
      "saturated")                                                             \
    X(reason, TEXT, "-", "why the status is not ok")                           \
    X(checksum, TEXT, "-", "8 hex digits; equal for all strategies")           \
    X(ops, UINT, "operations", "operations done")                              \
    X(wall_ns, UINT, "ns", "wall time of the clock window; only if ok")        \
    X(cpu_ns, UINT, "ns", "processor time, all threads, of the window")        \
    X(user_ns, UINT, "ns", "user part of cpu_ns")                              \
    X(sys_ns, UINT, "ns", "system part of cpu_ns")                             \
    X(lat_n, UINT, "samples", "latency samples")                               \
    X(lat_p50_ns, UINT, "ns", "median latency of a sample")                    \
    X(lat_p90_ns, UINT, "ns", "90th percentile")                               \
    X(lat_p99_ns, UINT, "ns", "99th; empty below 1 000 samples")               \
    X(lat_p999_ns, UINT, "ns", "99.9th; empty below 10 000 samples")           \
    X(lat_p9999_ns, UINT, "ns", "99.99th; empty below 100 000 samples")        \
    X(lat_max_ns, UINT, "ns", "slowest sample")                                \
    X(pauses, UINT, "-",                                                       \
      "collections, and slices of lazy work of 10 us or more")                 \
    X(pause_total_ns, UINT, "ns",                                              \
      "sum of their durations and of shorter slices")                          \
    X(pause_p50_ns, UINT, "ns", "median pause")                                \
    X(pause_p99_ns, UINT, "ns", "99th percentile; empty below 1 000 pauses")   \
    X(pause_max_ns, UINT, "ns", "longest pause")                               \
    X(collections, UINT, "-", "collections of any kind")                       \
    X(moved_bytes, UINT, "bytes", "copied or slid by collections")             \
    X(heap_peak_bytes, UINT, "bytes", "most held by the collector's heap")     \
    X(rss_base_bytes, UINT, "bytes", "resident before the window")             \
    X(rss_peak_bytes, UINT, "bytes", "highest resident since exec (VmHWM)")    \
    X(rss_mean_bytes, UINT, "bytes", "time average over the window's samples") \
    X(rss_end_bytes, UINT, "bytes", "resident at the end of the window")       \
    X(rss_drained_bytes, UINT, "bytes", "resident after all was released")     \
    X(live_peak_bytes, UINT, "bytes",                                          \
      "needed at most, as requested, from the census")                         \
    X(live_end_bytes, UINT, "bytes", "needed at the end of the window")        \
    X(alloc_count, UINT, "-", "allocations of the program, from the census")   \
    X(alloc_bytes, UINT, "bytes", "bytes requested by them")                   \
    X(free_count, UINT, "-", "releases by a program that frees by hand")       \
    X(remote_free_ratio, REAL, "ratio",                                        \
      "share of frees by a thread that did not allocate; block workloads")     \
    X(minflt, UINT, "-", "minor page faults in the window")                    \
    X(majflt, UINT, "-", "major page faults in the window")                    \
    X(nvcsw, UINT, "-", "voluntary context switches in the window")            \
    X(nivcsw, UINT, "-", "involuntary context switches in the window")         \
    X(steal_ticks, UINT, "ticks", "time the hypervisor took, whole machine")   \
    X(load1, REAL, "-", "load average at the start of the run")                \
    X(noisy, UINT, "0/1", "the machine was busy: see docs/measurement.md")     \
    X(clock_cost_ns, UINT, "ns", "cost of reading the clock once")             \
    X(env_pad_bytes, UINT, "bytes", "random padding of the environment")       \
    X(leak_verdict, TEXT, "-",                                                 \
      "none, logical, lost, false_retention, fragmentation or settling")       \
    X(leak_expected, TEXT, "-", "the verdict this strategy class should get")  \
    X(malloc_path, TEXT, "-", "file that malloc came from, as the cell saw")   \
    X(version, TEXT, "-", "version of the strategy's library, if known")       \
    X(started_utc, TEXT, "-", "start, ISO 8601")                               \
    X(heap_1x_bytes, UINT, "bytes",                                            \
      "the analytic 1x heap: live peak with 8 bytes of header per object")     \
    X(heap_base, TEXT, "-",                                                    \
      "what heap_multiple is of: minheap (measured) or census (analytic)")     \
    X(heap_base_bytes, UINT, "bytes",                                          \
      "the workload's common minimum heap, or heap_1x_bytes")                  \
    X(mutator_cpu_ns, UINT, "ns",                                              \
      "the part of cpu_ns on the workload's threads: the rest is the "         \
      "strategy's own threads")                                                \
    X(figures, TEXT, "-",                                                      \
      "what the workload found out about the strategy, name=value; separated") \
    X(instructions_per_op, REAL, "instructions",                               \
      "of the window, user mode, all threads, counted once with --icount: in " \
      "block 0")                                                               \
    X(load_percent, UINT, "%",                                                 \
      "open loop: share of the most that the baseline serves, rates.csv; "     \
      "empty: a closed loop")                                                  \
    X(rate_per_s, UINT, "1/s", "open loop: operations that arrive per second") \
    X(leak_slope_bytes_per_op, REAL, "bytes/operation",                        \
      "growth of the resident set over the checkpoints from the third on "     \
      "(Theil-Sen)")                                                           \
    X(leak_slope_low, REAL, "bytes/operation",                                 \
      "lower end of its 95 % interval")                                        \
    X(leak_slope_high, REAL, "bytes/operation", "upper end")                   \
    X(leak_trend, TEXT, "-",                                                   \
      "flat, settling or growing, from rss samples alone, without what is "    \
      "known of the program; empty below 36 samples")                          \
    X(metered_p50_ns, UINT, "ns",                                              \
      "closed loop of what could arrive: median latency had its samples "      \
      "begun evenly over 100 ms (metered)")                                    \
    X(metered_p99_ns, UINT, "ns", "99th; empty below 1 000 samples")           \
    X(metered_p999_ns, UINT, "ns", "99.9th; empty below 10 000 samples")

#define HM_MINHEAP_COLUMNS(X)                                                 \
    X(workload, TEXT, "-", "id of the workload")                              \
    X(params, TEXT, "-", "parameters of the workload, name=value; separated") \
    X(seed, UINT, "-", "seed of the workload")                                \
    X(threads, UINT, "-", "mutator threads")                                  \
    X(strategy, TEXT, "-", "id of the strategy or variant")                   \
    X(version, TEXT, "-", "version of the strategy's library, if known")      \
    X(tracing, UINT, "0/1",                                                   \
      "1: counts for the workload's common minimum, the smallest of these")   \
    X(status, TEXT, "-",                                                      \
      "ok, or how the search ended; oom, timeout: not even most_bytes fit")   \
    X(reason, TEXT, "-", "why the status is not ok, with the heap")           \
    X(minheap_bytes, UINT, "bytes", "smallest heap that fits; only if ok")    \
    X(too_small_bytes, UINT, "bytes",                                         \
      "largest heap below that did not; empty: none below was tried")         \
    X(too_small_status, TEXT, "-", "how that ended: oom or timeout")          \
    X(minheap_over_live, REAL, "ratio", "minheap_bytes / live_peak_bytes")    \
    X(live_peak_bytes, UINT, "bytes", "needed at most, from the census")      \
    X(heap_1x_bytes, UINT, "bytes", "the analytic 1x heap, from the census")  \
    X(most_bytes, UINT, "bytes", "nothing larger was tried")                  \
    X(probes, UINT, "-", "runs that the search took")                         \
    X(passes, UINT, "-", "runs in a row that minheap_bytes had to complete")  \
    X(timeout_ns, UINT, "ns",                                                 \
      "longest processor time of a probe near the minimum")

#endif /* HM_HARNESS_COLUMNS_H */
