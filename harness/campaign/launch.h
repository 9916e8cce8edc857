/* SPDX-License-Identifier: MIT */
/* launch.h -- one run in a process of its own: clean environment, own process
 * group, limits, record on descriptor 3, progress page on descriptor 4.
 *
 * The run dies with the driver, however that ends (PR_SET_PDEATHSIG). */
#ifndef HM_HARNESS_CAMPAIGN_LAUNCH_H
#define HM_HARNESS_CAMPAIGN_LAUNCH_H

#include "harness/campaign/record.h"
#include "harness/campaign/sample.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum { HM_LAUNCH_RECORD_FD = 3, HM_LAUNCH_PROGRESS_FD = 4 };

enum hm_end {
    HM_END_EXIT,        /* code: exit status */
    HM_END_SIGNAL,      /* code: signal */
    HM_END_TIMEOUT,     /* killed: over a limit of time */
    HM_END_OOM,         /* killed: resident size above the cap */
    HM_END_INTERRUPTED, /* killed: the driver was asked to stop */
};

struct hm_launch {
    const char *const *argv;    /* NULL-ended; argv[0] a path */
    const char *const *env;     /* NULL-ended */
    uint64_t timeout_ns;        /* wall time */
    uint64_t cpu_limit_ns;      /* processor time, all threads; 0: none */
    uint64_t rss_cap_bytes;     /* 0: none */
    uint64_t data_cap_bytes;    /* RLIMIT_DATA; 0: none */
    uint64_t period_ns;         /* between samples */
    struct hm_record *record;   /* reset and filled */
    struct hm_samples *samples; /* reset and filled */
};

struct hm_launched {
    enum hm_end end;
    int code;
    uint64_t elapsed_ns;  /* wall time from start to end */
    uint64_t cpu_ns;      /* processor time, all threads */
    char complaint[1000]; /* beginning of stderr, one line; "" */
};

/* Set by signal handlers: the run ends as HM_END_INTERRUPTED. */
extern volatile sig_atomic_t hm_interrupted;

/* Runs to the end.  Returns 0, or a negative errno when nothing was started.
 */
int hm_launch_run(const struct hm_launch *launch, struct hm_launched *launched);

#endif /* HM_HARNESS_CAMPAIGN_LAUNCH_H */
