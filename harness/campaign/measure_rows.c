/* SPDX-License-Identifier: MIT */
#include "harness/campaign/measure_rows.h"

#include "common/meter.h"
#include "harness/campaign/leak.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The eighth number of "cpu user nice system idle iowait irq softirq steal". */
static uint64_t rows_steal_ticks(char *line)
{
    char *rest = line, *field = NULL;

    for (int i = 0; i <= 8; i++) {
        do {
            field = strsep(&rest, " ");
        } while (field != NULL && *field == '\0');
    }
    return field != NULL ? strtoull(field, NULL, 10) : 0;
}

struct hm_machine hm_machine_now(void)
{
    struct hm_machine machine = {0, 0};
    FILE *stat = fopen("/proc/stat", "re");
    char line[256];

    if (stat != NULL) {
        if (fgets(line, sizeof line, stat) != NULL)
            machine.steal_ticks = rows_steal_ticks(line);
        (void)fclose(stat);
    }
    if (getloadavg(&machine.load1, 1) != 1)
        machine.load1 = 0;
    return machine;
}

void hm_utc_now(char text[32])
{
    time_t now = time(NULL);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static const struct hm_subject *rows_subject(const struct hm_measure *measure,
                                             struct hm_run_key key)
{
    return &measure->plan->subject[measure->plan->cell[key.cell].subject];
}

static const struct hm_census *rows_census(const struct hm_measure *measure,
                                           struct hm_run_key key)
{
    return &measure->census[measure->plan->cell[key.cell].subject];
}

static void rows_fill_heap(struct hm_row *row, const struct hm_subject *subject,
                           const struct hm_plan_cell *cell,
                           const struct hm_census *census)
{
    uint64_t heap_bytes = hm_measure_heap_bytes(subject, cell, census);

    hm_row_set_real(row, HM_COLUMN_heap_multiple, cell->heap_multiple);
    hm_row_set(row, HM_COLUMN_heap_base,
               subject->minheap_bytes > 0 ? "minheap" : "census");
    if (heap_bytes == 0)
        return;
    hm_row_set_uint(row, HM_COLUMN_heap_limit_bytes, heap_bytes);
    hm_row_set_uint(row, HM_COLUMN_heap_base_bytes,
                    hm_measure_heap_base_bytes(subject, census));
}

void hm_measure_fill_key(struct hm_row *row, const struct hm_measure *measure,
                         struct hm_run_key key, const struct hm_machine *before)
{
    const struct hm_plan_cell *cell = &measure->plan->cell[key.cell];
    const struct hm_subject *subject = rows_subject(measure, key);
    const struct hm_census *census = rows_census(measure, key);
    char now[32];

    hm_utc_now(now);
    hm_row_set_uint(row, HM_COLUMN_block, key.block);
    hm_row_set_uint(row, HM_COLUMN_order_in_block, key.order);
    hm_row_set_uint(row, HM_COLUMN_cell, key.cell);
    hm_row_set(row, HM_COLUMN_workload, subject->workload->id);
    hm_row_set(row, HM_COLUMN_kind, hm_kind_name(subject->workload->kind));
    hm_row_set(row, HM_COLUMN_params, subject->params);
    hm_row_set_uint(row, HM_COLUMN_seed, measure->plan->suite->seed);
    hm_row_set(row, HM_COLUMN_strategy, cell->id);
    hm_row_set(row, HM_COLUMN_class, cell->strategy->class_name);
    hm_row_set(row, HM_COLUMN_arm, hm_arm_name(cell->arm));
    hm_row_set_uint(row, HM_COLUMN_threads, subject->threads);
    if (cell->heap_multiple > 0)
        rows_fill_heap(row, subject, cell, census);
    if (subject->load_percent > 0) {
        hm_row_set_uint(row, HM_COLUMN_load_percent, subject->load_percent);
        hm_row_set_uint(row, HM_COLUMN_rate_per_s,
                        hm_measure_rate_per_s(
                            measure, measure->plan->cell[key.cell].subject));
    }
    hm_row_set_real(row, HM_COLUMN_load1, before->load1);
    hm_row_set_uint(row, HM_COLUMN_env_pad_bytes,
                    hm_plan_padding_bytes(measure->plan, key.run_id));
    hm_row_set(row, HM_COLUMN_version, cell->strategy->version);
    hm_row_set(row, HM_COLUMN_started_utc, now);
}

void hm_measure_fill_outcome(struct hm_row *row,
                             const struct hm_outcome *outcome)
{
    hm_row_set(row, HM_COLUMN_status, outcome->status);
    hm_row_set(row, HM_COLUMN_reason, outcome->reason);
}

/* Columns that are a number of the record and nothing else. */
static const struct {
    enum hm_column column;
    enum hm_record_number number;
} rows_numbers[] = {

#define ROWS_SAME(name)                    \
    {                                      \
        HM_COLUMN_##name, HM_RECORD_##name \
    }
    ROWS_SAME(ops),
    ROWS_SAME(wall_ns),
    ROWS_SAME(cpu_ns),
    ROWS_SAME(mutator_cpu_ns),
    ROWS_SAME(user_ns),
    ROWS_SAME(sys_ns),
    ROWS_SAME(lat_n),
    ROWS_SAME(lat_max_ns),
    ROWS_SAME(pauses),
    ROWS_SAME(pause_total_ns),
    ROWS_SAME(pause_max_ns),
    ROWS_SAME(collections),
    ROWS_SAME(moved_bytes),
    ROWS_SAME(heap_peak_bytes),
    ROWS_SAME(rss_base_bytes),
    ROWS_SAME(rss_peak_bytes),
    ROWS_SAME(rss_end_bytes),
    ROWS_SAME(rss_drained_bytes),
    ROWS_SAME(minflt),
    ROWS_SAME(majflt),
    ROWS_SAME(nvcsw),
    ROWS_SAME(nivcsw),
    ROWS_SAME(clock_cost_ns),
#undef ROWS_SAME
};

/* A quantile is given with ten samples or more beyond it. */
struct rows_quantile {
    enum hm_column column;
    double q;
    uint64_t least;
};

static const struct rows_quantile rows_latency[] = {
    {HM_COLUMN_lat_p50_ns, 0.5, 20},
    {HM_COLUMN_lat_p90_ns, 0.9, 100},
    {HM_COLUMN_lat_p99_ns, 0.99, 1000},
    {HM_COLUMN_lat_p999_ns, 0.999, 10000},
    {HM_COLUMN_lat_p9999_ns, 0.9999, 100000},
};
static const struct rows_quantile rows_metered[] = {
    {HM_COLUMN_metered_p50_ns, 0.5, 20},
    {HM_COLUMN_metered_p99_ns, 0.99, 1000},
    {HM_COLUMN_metered_p999_ns, 0.999, 10000},
};

static void rows_fill_quantiles(struct hm_row *row,
                                const struct rows_quantile *quantile,
                                size_t n_quantiles,
                                const struct hm_record_bucket *bucket, size_t n,
                                uint64_t max_ns)
{
    uint64_t samples = 0;

    for (size_t i = 0; i < n; i++)
        samples += bucket[i].count;
    for (size_t i = 0; i < n_quantiles; i++) {
        if (samples >= quantile[i].least) {
            hm_row_set_uint(
                row, quantile[i].column,
                hm_record_quantile_ns(bucket, n, max_ns, quantile[i].q));
        }
    }
}

static void rows_fill_latency(struct hm_row *row,
                              const struct hm_record *record)
{
    uint64_t max_ns = record->has[HM_RECORD_lat_max_ns]
                          ? record->number[HM_RECORD_lat_max_ns]
                          : UINT64_MAX;

    rows_fill_quantiles(row, rows_latency,
                        sizeof rows_latency / sizeof rows_latency[0],
                        record->bucket, record->n_buckets, max_ns);
    rows_fill_quantiles(row, rows_metered,
                        sizeof rows_metered / sizeof rows_metered[0],
                        record->metered, record->n_metered, UINT64_MAX);
}

/* Results that may differ between strategies. */
static void rows_fill_figures(struct hm_row *row,
                              const struct hm_record *record)
{
    char text[HM_RECORD_COUNTERS_MAX * (sizeof record->figure->name + 24)];
    size_t used = 0;

    for (size_t i = 0; i < record->n_figures; i++) {
        used += (size_t)snprintf(
            text + used, sizeof text - used, "%s%s=%" PRIu64, i > 0 ? ";" : "",
            record->figure[i].name, record->figure[i].value);
    }
    if (used > 0)
        hm_row_set(row, HM_COLUMN_figures, text);
}

static void rows_fill_pauses(struct hm_row *row, const struct hm_record *record)
{
    uint64_t n = record->number[HM_RECORD_pauses];

    if (!record->has[HM_RECORD_pauses])
        return;
    if (n >= 20 && record->has[HM_RECORD_pause_p50_ns]) {
        hm_row_set_uint(row, HM_COLUMN_pause_p50_ns,
                        record->number[HM_RECORD_pause_p50_ns]);
    }
    if (n >= 1000 && record->has[HM_RECORD_pause_p99_ns]) {
        hm_row_set_uint(row, HM_COLUMN_pause_p99_ns,
                        record->number[HM_RECORD_pause_p99_ns]);
    }
}

static void rows_fill_census(struct hm_row *row, const struct hm_census *census)
{
    if (census->failed != NULL)
        return;
    hm_row_set_uint(row, HM_COLUMN_live_peak_bytes, census->live_peak_bytes);
    hm_row_set_uint(row, HM_COLUMN_heap_1x_bytes, census->heap_1x_bytes);
    hm_row_set_uint(row, HM_COLUMN_live_end_bytes, census->live_end_bytes);
    hm_row_set_uint(row, HM_COLUMN_alloc_count, census->alloc_count);
    hm_row_set_uint(row, HM_COLUMN_alloc_bytes, census->alloc_bytes);
    hm_row_set_uint(row, HM_COLUMN_free_count, census->free_count);
}

/* What the task needs at a checkpoint: what the twin holds, but for what the
 * program was without at that time and did not miss. */
static uint64_t rows_needed_bytes(const struct hm_census *census, size_t i)
{
    uint64_t held_bytes = census->checkpoint[i].live_bytes;

    if (census->twin == NULL ||
        census->twin->checkpoint[i].live_bytes > held_bytes)
        return held_bytes;
    return census->twin->checkpoint[i].live_bytes;
}

/* A checkpoint; UINT64_MAX for what is not known.  Live bytes are a collector's
 * own finding; what is freed by hand has died by then, and nothing else has. */
static struct hm_leak_point rows_leak_point(const struct hm_measure *measure,
                                            struct hm_run_key key, size_t i)
{
    const struct hm_strategy *strategy = measure->plan->cell[key.cell].strategy;
    const struct hm_census *census = rows_census(measure, key);
    const struct hm_record_checkpoint *at = &measure->record->checkpoint[i];
    struct hm_leak_point point = {
        at->ops, {UINT64_MAX, UINT64_MAX, at->live_bytes, at->rss_bytes}};

    if (i >= census->n_checkpoints) /* none where it failed */
        return point;
    point.bytes[HM_LEAK_NEEDED] = rows_needed_bytes(census, i);
    point.bytes[HM_LEAK_REACHABLE] = census->checkpoint[i].live_bytes;
    if (strcmp(strategy->class_name, "allocator") == 0)
        point.bytes[HM_LEAK_LIVE] = census->checkpoint[i].used_bytes;
    return point;
}

static void rows_fill_slope(struct hm_row *row, struct hm_slope slope)
{
    if (isnan(slope.estimate))
        return;
    hm_row_set_real(row, HM_COLUMN_leak_slope_bytes_per_op, slope.estimate);
    hm_row_set_real(row, HM_COLUMN_leak_slope_low, slope.low);
    hm_row_set_real(row, HM_COLUMN_leak_slope_high, slope.high);
}

static const char *rows_trend(const struct hm_samples *samples)
{
    static struct hm_trend_point point[HM_SAMPLES_MAX];
    size_t n = 0;

    for (size_t i = 0; i < samples->n; i++) {
        const struct hm_sample *sample = &samples->sample[i];

        if (sample->phase == HM_PHASE_RUN) {
            point[n++] = (struct hm_trend_point){(double)sample->ops,
                                                 (double)sample->rss_bytes};
        }
    }
    return hm_trend_name(point, n);
}

static void rows_fill_leak(struct hm_row *row, const struct hm_measure *measure,
                           struct hm_run_key key)
{
    const struct hm_subject *subject = rows_subject(measure, key);
    const struct hm_strategy *strategy = measure->plan->cell[key.cell].strategy;
    const struct hm_census *census = rows_census(measure, key);
    struct hm_leak_point point[HM_RECORD_CHECKPOINTS_MAX];
    size_t n = measure->record->n_checkpoints;
    double rate = 0;

    if (strcmp(subject->leak, "-") == 0 || census->failed != NULL ||
        census->n_checkpoints < n)
        return;
    for (size_t i = 0; i < n; i++)
        point[i] = rows_leak_point(measure, key, i);
    if (census->ops > 0)
        rate = (double)census->alloc_bytes / (double)census->ops;
    hm_row_set(
        row, HM_COLUMN_leak_verdict,
        hm_leak_verdict(point, n, rate, subject->leak, strategy->misses));
    hm_row_set(row, HM_COLUMN_leak_expected,
               hm_leak_expected(subject->leak, strategy->class_name,
                                strategy->misses));
    rows_fill_slope(row, hm_leak_slope(point, n, HM_LEAK_RSS));
    hm_row_set(row, HM_COLUMN_leak_trend, rows_trend(measure->samples));
}

void hm_measure_fill_record(struct hm_row *row,
                            const struct hm_measure *measure,
                            struct hm_run_key key)
{
    const struct hm_record *record = measure->record;
    uint64_t mean_bytes = hm_samples_mean_bytes(
        measure->samples, record->window_start_ns, record->window_end_ns);

    hm_row_set(row, HM_COLUMN_checksum, record->checksum);
    for (size_t i = 0; i < sizeof rows_numbers / sizeof rows_numbers[0]; i++) {
        if (record->has[rows_numbers[i].number]) {
            hm_row_set_uint(row, rows_numbers[i].column,
                            record->number[rows_numbers[i].number]);
        }
    }
    if (record->has[HM_RECORD_remote_frees] && record->has[HM_RECORD_frees] &&
        record->number[HM_RECORD_frees] > 0) {
        hm_row_set_real(row, HM_COLUMN_remote_free_ratio,
                        (double)record->number[HM_RECORD_remote_frees] /
                            (double)record->number[HM_RECORD_frees]);
    }
    if (record->has_window && mean_bytes > 0)
        hm_row_set_uint(row, HM_COLUMN_rss_mean_bytes, mean_bytes);
    rows_fill_latency(row, record);
    rows_fill_pauses(row, record);
    rows_fill_figures(row, record);
    rows_fill_census(row, rows_census(measure, key));
    rows_fill_leak(row, measure, key);
}

/* Needed bytes at a sample: known in the clock window and after the drop. */
static void rows_write_live(const struct hm_census *census,
                            const struct hm_sample *sample, FILE *out)
{
    fputc(',', out);
    if (census->failed == NULL && sample->phase == HM_PHASE_RUN) {
        fprintf(out, "%" PRIu64, hm_census_live_bytes(census, sample->ops));
    } else if (sample->phase == HM_PHASE_DROP ||
               sample->phase == HM_PHASE_END) {
        fputc('0', out);
    }
    fputc('\n', out);
}

void hm_measure_write_samples(const struct hm_measure *measure,
                              struct hm_run_key key, FILE *out)
{
    static const char *const phase[] = {"setup", "run", "drop", "end"};
    const struct hm_samples *samples = measure->samples;
    size_t step = hm_samples_step(samples);
    uint64_t start_ns = measure->record->window_start_ns;

    if (!measure->record->has_window)
        start_ns = samples->n > 0 ? samples->sample[0].now_ns : 0;
    for (size_t i = 0; i < samples->n; i += step) {
        const struct hm_sample *sample = &samples->sample[i];

        fprintf(out, "%" PRIu64 ",%" PRId64 ",%s,%" PRIu64, key.run_id,
                (int64_t)(sample->now_ns - start_ns),
                phase[sample->phase <= HM_PHASE_END ? sample->phase : 0],
                sample->rss_bytes);
        rows_write_live(rows_census(measure, key), sample, out);
    }
}

static void rows_put_known(FILE *out, uint64_t bytes)
{
    fputc(',', out);
    if (bytes != UINT64_MAX)
        fprintf(out, "%" PRIu64, bytes);
}

static void rows_write_leaks(const struct hm_measure *measure,
                             struct hm_run_key key, FILE *out)
{
    const struct hm_record *record = measure->record;

    for (size_t i = 0; i < record->n_checkpoints; i++) {
        struct hm_leak_point point = rows_leak_point(measure, key, i);

        fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64, key.run_id,
                record->checkpoint[i].number, point.ops);
        rows_put_known(out, point.bytes[HM_LEAK_NEEDED]);
        rows_put_known(out, point.bytes[HM_LEAK_REACHABLE]);
        rows_put_known(out, point.bytes[HM_LEAK_LIVE]);
        rows_put_known(out, record->checkpoint[i].used_bytes);
        rows_put_known(out, point.bytes[HM_LEAK_RSS]);
        fputc('\n', out);
    }
}

static void rows_write_buckets(struct hm_run_key key,
                               const struct hm_record_bucket *bucket, size_t n,
                               FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s\n",
                key.run_id, bucket[i].low_ns, bucket[i].high_ns,
                bucket[i].count, bucket[i].kind);
    }
}

void hm_measure_write_operations(const struct hm_measure *measure,
                                 struct hm_run_key key)
{
    const struct hm_record *record = measure->record;

    rows_write_buckets(key, record->operation, record->n_operations,
                       measure->results->side[HM_SIDE_HIST]);
}

void hm_measure_write_sides(const struct hm_measure *measure,
                            struct hm_run_key key)
{
    const struct hm_record *record = measure->record;
    const struct hm_results *results = measure->results;

    for (size_t i = 0; i < record->n_pauses; i++) {
        fprintf(results->side[HM_SIDE_PAUSES],
                "%" PRIu64 ",%" PRId64 ",%" PRIu64 ",%s\n", key.run_id,
                (int64_t)(record->pause[i].start_ns - record->window_start_ns),
                record->pause[i].duration_ns, record->pause[i].kind);
    }
    rows_write_buckets(key, record->bucket, record->n_buckets,
                       results->side[HM_SIDE_HIST]);
    rows_write_buckets(key, record->metered, record->n_metered,
                       results->side[HM_SIDE_HIST]);
    rows_write_leaks(measure, key, results->side[HM_SIDE_LEAKS]);
}
