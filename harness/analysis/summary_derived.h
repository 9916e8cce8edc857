/* SPDX-License-Identifier: MIT */
/* summary_derived.h -- the data of the charts, one tidy file each.
 *
 * Labels instead of keys; NaN where a line must break.  All of these write a
 * file with its header even when there is nothing to show, and return 0, or a
 * negative errno with the reason in campaign->error where there is more to
 * say than the errno does. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_DERIVED_H
#define HM_HARNESS_ANALYSIS_SUMMARY_DERIVED_H

#include "harness/analysis/summary_geomean.h"
#include "harness/analysis/summary_label.h"

struct hm_summary_view {
    struct hm_summary_campaign *campaign; /* only its `error` may change */
    const struct hm_summary_result *result;
    struct hm_summary_labels labels;
    double noise[HM_SUMMARY_METRICS_END]; /* of the geometric means */
};

/* metric,workload,strategy,baseline,ratio,low,high,status,n: wall time and
 * peak memory against the baseline.  Per metric first the geometric means,
 * workload `geomean`, best time first and bounds last, then the workloads in
 * the plan's order. The baseline's twin is the strategy `<id>#twin`. */
int hm_summary_write_ratios(const struct hm_summary_view *view,
                            const char *folder);

/* strategy,time,time_low,time_high,memory,memory_low,memory_high,front,
 * workloads,blocks: geometric means over the workloads that all of them
 * completed. */
int hm_summary_write_pareto(const struct hm_summary_view *view,
                            const char *folder);

/* workload,strategy,nines,latency_ns: all blocks together. */
int hm_summary_write_latency(const struct hm_summary_view *view,
                             const char *folder);

/* workload,strategy,operation,percentile,latency_ns,samples,clock_cost_ns: of
 * each malloc, free... that a run with --operations timed; percentiles with ten
 * samples or more beyond them. */
int hm_summary_write_operations(const struct hm_summary_view *view,
                                const char *folder);

/* workload,strategy,pause_ns,share: of pauses this long or longer. */
int hm_summary_write_survival(const struct hm_summary_view *view,
                              const char *folder);

/* workload,strategy,t_s,rss_mib,live_mib: one run per cell. */
int hm_summary_write_timeline(const struct hm_summary_view *view,
                              const char *folder);

/* workload,strategy,kind,t_s,pause_ms,pauses,total_ms: the pauses of one run
 * per cell, of each kind and stretch of the clock window the longest, with how
 * many and how long all of them are.  The last row of a cell, `unlisted`, has
 * the window's end and the time of slices and pauses that pauses.csv lacks. */
int hm_summary_write_pauses(const struct hm_summary_view *view,
                            const char *folder);

/* workload,strategy,window_ns,mmu_worst,mmu_median,bmu_worst,bmu_median,runs:
 * minimum and bounded mutator utilisation of the pauses in pauses.csv, over
 * the runs of a cell (mmu.h). */
int hm_summary_write_mmu(const struct hm_summary_view *view,
                         const char *folder);

/* metric,workload,strategy,heap_multiple,lbo,low,high,status,n,bound_ns,bound:
 * wall and processor time / the least distilled cost of the workload, and the
 * geometric means of strategies that completed all workloads. */
int hm_summary_write_lbo(const struct hm_summary_view *view,
                         const char *folder);

/* workload,strategy,heap_multiple,wall_ns,low,high,status,n: of workloads that
 * were run at several heap multiples. */
int hm_summary_write_time_heap(const struct hm_summary_view *view,
                               const char *folder);

/* workload,strategy,threads,throughput,low,high,status,n,baseline,
 * baseline_threads: operations per second / the baseline's at the fewest
 * threads that it completed, within blocks, of workloads that were run at
 * several numbers of threads. */
int hm_summary_write_scaling(const struct hm_summary_view *view,
                             const char *folder);

/* metric,workload,strategy,value,cost,low,high,status,n: wall time and, where
 * they were counted, instructions per operation, of workloads that were run
 * with several values of a parameter.  A parameter is a work of its own,
 * `churn/slots`; what else varies is in its name too. */
int hm_summary_write_sweep(const struct hm_summary_view *view,
                           const char *folder);

/* workload,strategy,after,rss_mib,low,high,status,n: what was resident when
 * all was freed, from the figures of `drain` and its like. */
int hm_summary_write_drain(const struct hm_summary_view *view,
                           const char *folder);

/* workload,strategy,kind,ns_per_call,low,high,grown_mib,grown_low,grown_high,
 * status,n: of `stack_heap`, where it ran with several kinds of frames: time
 * per call, and the peak of the resident set less what there was before. */
int hm_summary_write_stack_heap(const struct hm_summary_view *view,
                                const char *folder);

/* workload,strategy,round,share,low,high,status,n: cache lines with live
 * objects of two threads, of all, from the figures of `line_sharing`. */
int hm_summary_write_sharing(const struct hm_summary_view *view,
                             const char *folder);

/* metric,workload,strategy,nursery_mib,value,low,high,status,n: throughput,
 * processor time, longest pause, peak memory and collections of the cells that
 * were given a nursery (option.nursery_max).  Variants that are called after
 * it, as `node_1gc_16M`, are points of one strategy. */
int hm_summary_write_nursery(const struct hm_summary_view *view,
                             const char *folder);

/* workload,strategy,ops,needed_mib,reachable_mib,live_mib,used_mib,rss_mib,
 * verdict: the checkpoints of leak workloads, one run per cell. */
int hm_summary_write_leak_components(const struct hm_summary_view *view,
                                     const char *folder);

/* workload,strategy,bytes_per_op,low,high,share,verdict,expected,unexpected,
 * status,n: growth of the resident set, and as share of what is allocated; the
 * runs with another verdict than expected. */
int hm_summary_write_leak_slopes(const struct hm_summary_view *view,
                                 const char *folder);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_DERIVED_H */
