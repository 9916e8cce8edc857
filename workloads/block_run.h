/* SPDX-License-Identifier: MIT */
/* block_run.h -- one thread's share of a run of a block workload. */
#ifndef HM_WORKLOADS_BLOCK_RUN_H
#define HM_WORKLOADS_BLOCK_RUN_H

#include "workloads/run.h"

#include <stddef.h>
#include <stdint.h>

struct hm_block_ledger; /* block_census.h */

struct hm_block_run {
    struct hm_run base; /* one per thread: own rng, meter and checksum */
    unsigned thread, threads;
    uint64_t ops;          /* requests made: out, by run */
    uint64_t remote_frees; /* blocks freed by a thread that did not allocate */
    uint64_t frees;        /* a block that was resized counts as one */
    int has_threads;       /* of the workload's own: set by block_thread.h */
    struct hm_block_ledger *ledger;  /* used by the census cell only */
    void (*exhausted)(size_t bytes); /* does not return */
};

#endif /* HM_WORKLOADS_BLOCK_RUN_H */
