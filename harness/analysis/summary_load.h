/* SPDX-License-Identifier: MIT */
/* summary_load.h -- runs.csv of a campaign, grouped by cell and arm.
 *
 * Memory: 168 bytes per run and its figures, plus what a cell's names take.
 * Texts belong to the campaign and live until hm_summary_unload. */
#ifndef HM_HARNESS_ANALYSIS_SUMMARY_LOAD_H
#define HM_HARNESS_ANALYSIS_SUMMARY_LOAD_H

#include <stddef.h>
#include <stdint.h>

/* X(name, unit): the metrics of summary.csv; lower is better for all. */
#define HM_SUMMARY_METRICS(X)     \
    X(wall_ns, "ns")              \
    X(cpu_ns, "ns")               \
    X(rss_peak_bytes, "bytes")    \
    X(rss_mean_bytes, "bytes")    \
    X(rss_drained_bytes, "bytes") \
    X(lat_p50_ns, "ns")           \
    X(lat_p99_ns, "ns")           \
    X(lat_p999_ns, "ns")          \
    X(pause_max_ns, "ns")         \
    X(pause_total_ns, "ns")       \
    X(rss_over_live, "ratio")     \
    X(instructions_per_op, "instructions")

enum hm_summary_metric {

#define HM_SUMMARY_ENUM(name, unit) HM_SUMMARY_##name,
    HM_SUMMARY_METRICS(HM_SUMMARY_ENUM)
#undef HM_SUMMARY_ENUM
        HM_SUMMARY_METRICS_END
};

/* X(id): how a run can end. */
#define HM_SUMMARY_STATUSES(X) \
    X(ok)                      \
    X(oom)                     \
    X(timeout)                 \
    X(crash)                   \
    X(bad_checksum)            \
    X(wrong_allocator)         \
    X(unsupported)             \
    X(saturated)

enum hm_summary_status {

#define HM_SUMMARY_ENUM(id) HM_SUMMARY_STATUS_##id,
    HM_SUMMARY_STATUSES(HM_SUMMARY_ENUM)
#undef HM_SUMMARY_ENUM
        HM_SUMMARY_STATUSES_END
};

/* X(column): the text columns that make a cell what it is. */
#define HM_SUMMARY_KEYS(X) \
    X(workload)            \
    X(params)              \
    X(heap_multiple)       \
    X(threads)             \
    X(strategy)            \
    X(class)               \
    X(arm)

enum hm_summary_key {

#define HM_SUMMARY_ENUM(column) HM_SUMMARY_KEY_##column,
    HM_SUMMARY_KEYS(HM_SUMMARY_ENUM)
#undef HM_SUMMARY_ENUM
        HM_SUMMARY_KEYS_END
};

struct hm_summary_run {
    uint32_t block, run_id;
    double value[HM_SUMMARY_METRICS_END]; /* NaN = not measured */
    double mutator_cpu_ns;                /* part of cpu_ns; NaN likewise */
    double ops;                           /* of all threads; NaN likewise */
    double collections;                   /* NaN likewise */
    double rss_base_bytes;                /* before the window; NaN likewise */
    double alloc_bytes;                   /* requested; NaN likewise */
    double clock_cost_ns;                 /* of one reading; NaN likewise */
    double leak_slope; /* bytes per operation; NaN likewise */
    char *figures; /* "a=1;b=2", what the workload found; NULL for nothing */
};

enum hm_summary_arm {
    HM_SUMMARY_ARM_TEST,
    HM_SUMMARY_ARM_BASELINE,
    HM_SUMMARY_ARM_TWIN, /* the baseline again */
};

enum { HM_VERDICT_BYTES = 16 };

/* Of leak workloads, else "": the verdict (an unexpected one, if there was
 * any), the expected one, and how many runs had another. */
struct hm_summary_leak {
    char verdict[HM_VERDICT_BYTES], expected[HM_VERDICT_BYTES];
    uint32_t wrong;
};

struct hm_summary_cell {
    char *key[HM_SUMMARY_KEYS_END];
    char *reason;      /* of the first failure, or NULL */
    uint32_t plan_row; /* of plan.csv */
    uint32_t status[HM_SUMMARY_STATUSES_END]; /* runs that ended so */
    uint32_t runs;                            /* all of them */
    struct hm_summary_run *ok;                /* those with numbers, by block */
    size_t n_ok, capacity;
    size_t shown; /* of ok[]: the run of median wall time, where one stands for
                   * the cell */
    enum hm_summary_arm arm;
    int is_leak; /* a leak workload: in no mean */
    int is_open; /* an open loop, whose time is that of its schedule: in no
                  * mean, curve or ratio of times */
    struct hm_summary_leak leak;
    /* Of the same work, set by hm_summary_compute; NULL = there is none. */
    const struct hm_summary_cell *baseline, *twin;
};

struct hm_summary_campaign {
    struct hm_summary_cell *cell; /* in the order of the plan */
    size_t n_cells, capacity;
    uint32_t *cell_of_run; /* run_id -> cell, UINT32_MAX for none */
    size_t n_run_ids;
    uint32_t *slot; /* hash table of cell numbers, while loading */
    size_t n_slots;
    char error[320];
};

/* Reads FOLDER/runs.csv.  Returns 0; else a negative errno and
 * campaign->error: no file, a missing column, a number or status that is
 * none, a block that a cell has twice, no runs at all.  Call
 * hm_summary_unload in either case. */
int hm_summary_load(struct hm_summary_campaign *campaign, const char *folder);
void hm_summary_unload(struct hm_summary_campaign *campaign);

/* The number of the cell whose `shown` run this is, and that is no twin; -1:
 * there is none. */
long hm_summary_shown_cell(const struct hm_summary_campaign *campaign,
                           double run_id);

/* The last step of loading: runs by block, cells as in the plan.  Returns 0,
 * -ENOMEM, or -EINVAL with campaign->error for a block that a cell has twice;
 * `path` is for that message. */
int hm_summary_order(struct hm_summary_campaign *campaign, const char *path);

const char *hm_summary_metric_name(enum hm_summary_metric metric);
const char *hm_summary_metric_unit(enum hm_summary_metric metric);
const char *hm_summary_status_name(enum hm_summary_status status);

/* Adds a run's verdict.  One that was not expected is kept: a cell is only as
 * good as its worst run. */
void hm_summary_leak_add(struct hm_summary_leak *leak, const char *verdict,
                         const char *expected);

/* Whether a workload of this id is one of the leak family.  Its malloc arm
 * leaks by design, so its times compare nothing. */
int hm_summary_is_leak(const char *workload);

/* Whether these parameters are those of an open loop. */
int hm_summary_is_open(const char *params);

/* The status that most of the failed runs of the cell have; ok if none did. */
enum hm_summary_status hm_summary_worst_status(
    const struct hm_summary_cell *cell);

#endif /* HM_HARNESS_ANALYSIS_SUMMARY_LOAD_H */
