/* SPDX-License-Identifier: MIT */
/* cell_run.h -- what runs of object and of block workloads share.  A process
 * makes one run, so its state is one static object: what ends the run from
 * inside an allocation has no argument to find it by. */
#ifndef HM_HARNESS_CELL_RUN_H
#define HM_HARNESS_CELL_RUN_H

#include "harness/cell/cell.h"
#include "harness/cell/cell_record.h"

#include <stddef.h>
#include <stdint.h>

/* A cache line and the one prefetched: threads share none of the harness. */
enum { HM_CELL_LINE_BYTES = 128 };

struct hm_cell_run {
    const struct hm_cell_args *args;
    struct hm_progress *progress;
    struct hm_gc *gc;           /* NULL: no collector */
    struct hm_pause_log *log;   /* NULL: no collector */
    uint64_t (*ops_done)(void); /* so far, all threads; NULL before the run */
    struct hm_cell_record record;
};

extern struct hm_cell_run hm_cell_run;

/* Proves the identity and maps the progress page.  Returns 0; 1 when the
 * record says why there is nothing to run; -1 after a complaint. */
int hm_cell_run_prepare(const struct hm_cell_args *args);

/* Sets status and reason; the reason is a constant. */
void hm_cell_run_refuse(enum hm_cell_status status, const char *reason);

/* `bytes` more cannot be had: writes the record as `oom` and ends the process
 * with status 0.  Any thread may call it; the first one wins. */
_Noreturn void hm_cell_run_exhausted(size_t bytes);

/* The last act before the clock and the first after it. */
void hm_cell_run_open_window(void);
void hm_cell_run_close_window(void);

/* What a thread of the run measures with. */
struct hm_cell_meters {
    struct hm_hist latency;
    struct hm_progress progress; /* of all threads but the first */
    struct hm_meter_watch watch; /* never reached */
};

/* Fills what runs of both kinds have in common, for thread t.  The seeds of all
 * threads differ, the first one's is the run's. */
void hm_cell_run_init_thread(struct hm_run *run, struct hm_cell_meters *meters,
                             unsigned t);

/* Adds `run`'s counters and figures to the record. */
void hm_cell_run_add_counters(const struct hm_run *run);

/* Asks the malloc to give back what it can; what is resident then is a figure
 * of `run`, if the malloc can be asked. */
void hm_cell_run_trim(struct hm_run *run);

/* Phase end, record written; the exit status of the process. */
int hm_cell_run_finish(void);

#endif /* HM_HARNESS_CELL_RUN_H */
