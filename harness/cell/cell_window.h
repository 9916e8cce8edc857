/* SPDX-License-Identifier: MIT */
/* cell_window.h -- the clock window: the only place where a run is timed. */
#ifndef HM_HARNESS_CELL_WINDOW_H
#define HM_HARNESS_CELL_WINDOW_H

#include "common/meter.h"

#include <stdint.h>

struct hm_window {
    uint64_t start_ns, end_ns;        /* monotonic */
    uint64_t cpu_ns, user_ns, sys_ns; /* all threads */
    uint64_t mutator_cpu_ns;          /* those of the workload */
    uint64_t minflt, majflt, nvcsw, nivcsw;
};

/* Opens the window: reads everything, the clock last. */
void hm_window_begin(struct hm_window *window);

/* Closes it: reads the clock first; the members then hold what was used in
 * between.  Both by thread 0 while the others wait for it. */
void hm_window_end(struct hm_window *window);

/* The page that the driver reads: `fd`'s first page, or with fd = -1 memory of
 * our own.  NULL and errno when it cannot be mapped. */
struct hm_progress *hm_window_progress(int fd);

static inline void hm_progress_phase(struct hm_progress *progress,
                                     enum hm_phase phase)
{
    progress->ops = 0;
    progress->phase = phase;
}

#endif /* HM_HARNESS_CELL_WINDOW_H */
