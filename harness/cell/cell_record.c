/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_record.h"

#include "harness/cell/cell_pauses.h"
#include "harness/cell/cell_writer.h"
#include "workloads/block_run.h"

#include <inttypes.h>
#include <string.h>

static void record_number(struct hm_cell_writer *out, const char *name,
                          uint64_t value)
{
    hm_cell_write(out, "%s\t%" PRIu64 "\n", name, value);
}

static void record_status(struct hm_cell_writer *out,
                          const struct hm_cell_record *r)
{
    static const char *const word[] = {
        [HM_CELL_OK] = "ok",
        [HM_CELL_OOM] = "oom",
        [HM_CELL_WRONG_ALLOCATOR] = "wrong_allocator",
        [HM_CELL_UNSUPPORTED] = "unsupported",
        [HM_CELL_SATURATED] = "saturated",
    };

    hm_cell_write(out, "status\t%s", word[r->status]);
    if (r->reason != NULL)
        hm_cell_write(out, "\t%s", r->reason);
    hm_cell_write(out, "\n");
    hm_cell_write(out, "malloc\t%s\n", r->malloc_path);
}

static void record_named(struct hm_cell_writer *out, const char *line,
                         const struct hm_cell_results *results)
{
    for (unsigned i = 0; i < results->n; i++) {
        hm_cell_write(out, "%s\t%s\t%" PRIu64 "\n", line,
                      results->result[i].name, results->result[i].value);
    }
}

static void record_results(struct hm_cell_writer *out,
                           const struct hm_cell_record *r)
{
    if (r->has_checksum) {
        hm_cell_write(out, "checksum\t%08" PRIx32 "\n", r->checksum);
        record_named(out, "counter", &r->counters);
        record_named(out, "figure", &r->figures);
    }
    if (r->is_block) {
        record_number(out, "remote_frees", r->remote_frees);
        record_number(out, "frees", r->frees);
    }
}

static void record_window(struct hm_cell_writer *out,
                          const struct hm_cell_record *r)
{
    const struct hm_window *w = &r->window;

    record_number(out, "wall_ns", w->end_ns - w->start_ns);
    record_number(out, "cpu_ns", w->cpu_ns);
    if (!r->has_other_threads)
        record_number(out, "mutator_cpu_ns", w->mutator_cpu_ns);
    record_number(out, "user_ns", w->user_ns);
    record_number(out, "sys_ns", w->sys_ns);
    hm_cell_write(out, "window\t%" PRIu64 "\t%" PRIu64 "\n", w->start_ns,
                  w->end_ns);
    record_number(out, "minflt", w->minflt);
    record_number(out, "majflt", w->majflt);
    record_number(out, "nvcsw", w->nvcsw);
    record_number(out, "nivcsw", w->nivcsw);
}

static void record_buckets(struct hm_cell_writer *out, const char *line,
                           const struct hm_hist *hist)
{
    for (unsigned i = 0; i < HM_HIST_BUCKETS; i++) {
        if (hist->count[i] != 0) {
            hm_cell_write(out, "%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu32 "\n",
                          line, hm_hist_low_ns(i), hm_hist_high_ns(i),
                          hist->count[i]);
        }
    }
}

static void record_latency(struct hm_cell_writer *out,
                           const struct hm_cell_record *r)
{
    record_number(out, "lat_n", r->latency->n);
    if (r->latency->n > 0)
        record_number(out, "lat_max_ns", r->latency->max_ns);
    record_buckets(out, "hist", r->latency);
    if (r->metered != NULL)
        record_buckets(out, "metered", r->metered);
}

/* Only the buckets of these are counted. */
static void record_operations(struct hm_cell_writer *out,
                              const struct hm_hist *took)
{
    static const char *const line[HM_BLOCK_KINDS] = {
        [HM_BLOCK_MALLOC] = "operation\tmalloc",
        [HM_BLOCK_CALLOC] = "operation\tcalloc",
        [HM_BLOCK_ALIGNED] = "operation\taligned",
        [HM_BLOCK_REALLOC] = "operation\trealloc",
        [HM_BLOCK_FREE] = "operation\tfree",
    };

    for (unsigned k = 0; k < HM_BLOCK_KINDS; k++)
        record_buckets(out, line[k], &took[k]);
}

static void record_gc(struct hm_cell_writer *out, const struct hm_gc_stats *gc)
{
    record_number(out, "collections", gc->collections);
    record_number(out, "moved_bytes", gc->moved_bytes);
    record_number(out, "heap_peak_bytes", gc->heap_peak_bytes);
    record_number(out, "gc_live_bytes", gc->live_bytes);
}

static void record_live(struct hm_cell_writer *out, const struct hm_live *live)
{
    record_number(out, "live_peak_bytes", live->peak_bytes);
    record_number(out, "live_end_bytes", live->end_bytes);
    record_number(out, "heap_1x_bytes", live->heap_1x_bytes);
    record_number(out, "alloc_count", live->alloc_count);
    record_number(out, "alloc_bytes", live->alloc_bytes);
    record_number(out, "free_count", live->free_count);
    record_number(out, "lost_count", live->lost_count);
    record_number(out, "lost_bytes", live->lost_bytes);
    for (unsigned i = 0; i < live->n; i++) {
        hm_cell_write(out, "live\t%" PRIu64 "\t%" PRIu64 "\n",
                      live->point[i].ops, live->point[i].bytes);
    }
}

static void record_bytes(struct hm_cell_writer *out, uint64_t bytes)
{
    if (bytes == HM_UNKNOWN_BYTES) {
        hm_cell_write(out, "\t-");
    } else {
        hm_cell_write(out, "\t%" PRIu64, bytes);
    }
}

static void record_checkpoint(struct hm_cell_writer *out, unsigned k,
                              const struct hm_checkpoint *at)
{
    hm_cell_write(out, "checkpoint\t%u\t%" PRIu64, k, at->ops);
    record_bytes(out, at->rss_bytes);
    record_bytes(out, at->live_bytes);
    record_bytes(out, at->used_bytes);
    hm_cell_write(out, "\n");
}

/* What only a run that came to its end may claim. */
static void record_finished(struct hm_cell_writer *out,
                            const struct hm_cell_record *r)
{
    record_results(out, r);
    record_window(out, r);
    record_number(out, "rss_end_bytes", r->rss_end_bytes);
    record_number(out, "rss_drained_bytes", r->rss_drained_bytes);
    record_latency(out, r);
    if (r->took != NULL)
        record_operations(out, r->took);
    for (unsigned i = 0; i < r->n_checkpoints; i++)
        record_checkpoint(out, i + 1, &r->checkpoint[i]);
    if (r->live != NULL)
        record_live(out, r->live);
    record_number(out, "clock_cost_ns", hm_clock_cost_ns());
}

int hm_cell_record_write(const struct hm_cell_record *record, int fd)
{
    static struct hm_cell_writer out;
    int error;

    hm_cell_writer_init(&out, fd);
    record_status(&out, record);
    if (record->status == HM_CELL_OK || record->status == HM_CELL_OOM ||
        record->status == HM_CELL_SATURATED) {
        record_number(&out, "ops", record->ops);
        record_number(&out, "rss_base_bytes", record->rss_base_bytes);
        record_number(&out, "rss_peak_bytes", record->rss_peak_bytes);
        if (record->has_gc) {
            record_gc(&out, &record->gc);
            hm_cell_write_pauses(&out, &record->pause_lengths,
                                 record->pause_total_ns, record->pause,
                                 record->n_pauses_listed);
        }
    }
    if (record->status == HM_CELL_OK)
        record_finished(&out, record);
    hm_cell_write(&out, "end\n");
    error = hm_cell_writer_end(&out);
    if (error != 0) {
        hm_cell_complain("cannot write the record: %s",
                         strerrordesc_np(-error));
    }
    return error == 0 ? 0 : 1;
}
