/* SPDX-License-Identifier: MIT */
/* cell_run_block.c -- one run of a block workload, in one or more threads. */
#include "common/arena.h"
#include "common/check.h"
#include "common/os.h"
#include "harness/cell/cell_live.h"
#include "harness/cell/cell_run.h"
#include "harness/cell/cell_threads.h"
#include "workloads/block.h"
#ifdef HM_CENSUS
#include "workloads/block_census.h"
#endif
#ifdef HM_BLOCK_OPERATIONS
#include "workloads/block_operations.h"
#endif

#include <string.h>

struct block_thread {
    _Alignas(HM_CELL_LINE_BYTES) struct hm_block_run run;
    struct hm_cell_meters meters;
#ifdef HM_BLOCK_OPERATIONS
    struct hm_block_took took;
#endif
};

static struct block_thread *block_threads;
static unsigned block_n_threads;
static const struct hm_block_workload *block_workload;

#ifdef HM_BLOCK_NULL
unsigned char hm_block_null_memory[HM_BLOCK_NULL_BYTES];
#endif

#ifdef HM_CENSUS
static struct hm_block_ledger block_ledger;
static struct hm_live block_live;
static struct hm_live_watch block_live_watch;

static uint64_t block_needed_bytes(void *ledger)
{
    return ((const struct hm_block_ledger *)ledger)->live_bytes;
}

/* The first thread's operations are the time axis, as for the driver. */
static void block_begin_census(void)
{
    hm_live_begin(&block_live_watch, &block_live, block_needed_bytes,
                  &block_ledger);
    block_threads[0].run.base.meter.watch = &block_live_watch.base;
    for (unsigned t = 0; t < block_n_threads; t++)
        block_threads[t].run.ledger = &block_ledger;
}

static void block_end_census(void)
{
    hm_live_end(&block_live_watch, block_threads[0].run.base.meter.ops);
    block_live.peak_bytes = block_ledger.peak_bytes;
    block_live.heap_1x_bytes = block_ledger.peak_bytes;
    block_live.end_bytes = block_ledger.live_bytes;
    block_live.alloc_count = block_ledger.alloc_count;
    block_live.alloc_bytes = block_ledger.alloc_bytes;
    block_live.free_count = block_ledger.free_count;
    block_live.lost_count = block_ledger.lost_count;
    block_live.lost_bytes = block_ledger.lost_bytes;
    hm_cell_run.record.live = &block_live;
}

static const char *block_dropped(void)
{
    return block_ledger.live_bytes == 0 ? NULL : "drop left blocks allocated";
}
#else
static void block_begin_census(void)
{
}

static void block_end_census(void)
{
}

static const char *block_dropped(void)
{
    return NULL;
}
#endif

#ifdef HM_BLOCK_OPERATIONS
/* Not what the set-up asks for. */
static void block_begin_operations(void)
{
    for (unsigned t = 0; t < block_n_threads; t++) {
        struct block_thread *thread = &block_threads[t];

        hm_block_took_init(&thread->took, thread->run.base.seed);
        thread->run.took = &thread->took;
    }
}

static void block_merge_operations(struct hm_cell_record *record)
{
    struct hm_block_took *all = &block_threads[0].took;

    record->took = all->kind;
    for (unsigned t = 1; t < block_n_threads; t++) {
        const struct hm_block_took *took = &block_threads[t].took;

        for (unsigned k = 0; k < HM_BLOCK_KINDS; k++)
            hm_hist_merge(&all->kind[k], &took->kind[k]);
        all->asked_bytes += took->asked_bytes;
        all->usable_bytes += took->usable_bytes;
    }
    if (all->usable_bytes > 0) {
        hm_run_figure(&block_threads[0].run.base, "internal_frag_permille",
                      ((all->usable_bytes - all->asked_bytes) * 1000 +
                       all->usable_bytes / 2) /
                          all->usable_bytes);
    }
}
#else
static void block_begin_operations(void)
{
}

static void block_merge_operations(struct hm_cell_record *record)
{
    (void)record;
}
#endif

static uint64_t block_ops_done(void)
{
    uint64_t ops = 0;

    for (unsigned t = 0; t < block_n_threads; t++) {
        ops += __atomic_load_n(&block_threads[t].run.base.meter.ops,
                               __ATOMIC_RELAXED);
    }
    return ops;
}

static void block_init_thread(struct block_thread *thread, unsigned t,
                              unsigned threads)
{
    hm_cell_run_init_thread(&thread->run.base, &thread->meters, t);
    thread->run.thread = t;
    thread->run.threads = threads;
    thread->run.exhausted = hm_cell_run_exhausted;
}

static void block_prepare(const struct hm_cell_args *args)
{
    block_workload = args->block;
    block_n_threads = args->threads;
    block_threads = hm_arena_alloc(args->threads * sizeof(block_threads[0]));
    for (unsigned t = 0; t < args->threads; t++)
        block_init_thread(&block_threads[t], t, args->threads);
    hm_cell_run.ops_done = block_ops_done;
    hm_cell_run.record.latency = &block_threads[0].meters.latency;
    if (args->block->setup != NULL)
        args->block->setup(&block_threads[0].run, args->threads);
    block_begin_census();
    block_begin_operations();
}

/* What is freed now, the window does not see. */
static void block_drop(struct hm_block_run *run)
{
    run->took = NULL;
    block_workload->drop(run);
}

static void block_thread_main(unsigned t)
{
    struct hm_block_run *run = &block_threads[t].run;

    hm_cell_threads_meet(); /* all are here: the first opens the window */
    hm_cell_threads_meet();
    block_workload->run(run);
    hm_cell_threads_meet(); /* all are done: it closes the window */
    hm_cell_threads_meet();
    block_drop(run);
    hm_cell_threads_meet();
}

/* The part of the first thread, which also tells the time. */
static void block_measure(void)
{
    hm_cell_threads_meet();
    hm_cell_run_open_window();
    hm_cell_threads_meet();
    block_workload->run(&block_threads[0].run);
    hm_cell_threads_meet();
    hm_cell_run_close_window();
    block_end_census();
    hm_cell_threads_meet();
    block_drop(&block_threads[0].run);
    hm_cell_threads_meet();
    hm_cell_run.record.rss_drained_bytes = hm_os_rss_bytes(0);
    if (block_workload->is_trimmed)
        hm_cell_run_trim(&block_threads[0].run.base);
}

/* What every thread found, as one run: the checksum is the sum of theirs. */
static void block_merge(struct hm_cell_record *record)
{
    uint32_t checksum = 0;

    record->is_block = 1;
    block_merge_operations(record);
    record->ops = 0;
    for (unsigned t = 0; t < block_n_threads; t++) {
        const struct block_thread *thread = &block_threads[t];

        checksum += thread->run.base.checksum;
        record->ops += thread->run.ops;
        record->frees += thread->run.frees;
        record->remote_frees += thread->run.remote_frees;
        record->has_other_threads |= thread->run.has_threads;
        hm_cell_run_add_counters(&thread->run.base);
        if (t > 0) {
            hm_hist_merge(&block_threads[0].meters.latency,
                          &thread->meters.latency);
        }
    }
    record->checksum = hm_fin(checksum);
#ifndef HM_BLOCK_NULL /* whose blocks hold nothing that could be read back */
    record->has_checksum = 1;
#endif
}

int hm_cell_run_block(const struct hm_cell_args *args)
{
    int refused = hm_cell_run_prepare(args);
    const char *wrong;

    if (refused < 0)
        return HM_CELL_EXIT_USAGE;
    if (!refused && args->threads > args->block->max_threads) {
        hm_cell_run_refuse(HM_CELL_UNSUPPORTED,
                           "more threads than the workload has work for");
        refused = 1;
    }
    if (refused)
        return hm_cell_run_finish();
    block_prepare(args);
    hm_cell_threads_start(block_n_threads, block_thread_main);
    block_measure();
    hm_cell_threads_join();
    block_merge(&hm_cell_run.record);
    wrong = block_dropped();
    if (wrong != NULL) {
        hm_cell_complain("%s: %s", args->block->name, wrong);
        return 1;
    }
    return hm_cell_run_finish();
}
