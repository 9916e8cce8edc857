/* SPDX-License-Identifier: MIT */
/* generational_parallel.h -- the threads of a young collection, if there are
 * several. */
#ifndef HM_COLLECTORS_GENERATIONAL_PARALLEL_H
#define HM_COLLECTORS_GENERATIONAL_PARALLEL_H

#include "collectors/substrate/range.h"
#include "collectors/substrate/work_team.h"
#include "collectors/substrate/workers.h"

#include <stdint.h>

struct generational_worker; /* windows, deque, counts */
struct generational_minor;

struct generational_team {
    struct generational_worker *worker; /* NULL: one thread collects */
    unsigned
        alone_objects; /* that the caller evacuates before it wakes others */
    struct hm_workers workers;
    struct hm_range range; /* of worker[] and their deques */
    pthread_mutex_t old_lock;

    /* Of a collection in progress. */
    struct generational_minor *minor;
    size_t window_words;               /* of the nursery for a worker */
    size_t crowded_words;              /* see generational_minor.crowded */
    uint32_t old_chunks, large_chunks; /* remembered, not yet visited */
    struct hm_work_team work;
    _Alignas(HM_CACHE_LINE_BYTES) atomic_size_t used_words; /* of to-space */
    _Atomic(ptrdiff_t) spare_words; /* that gaps may still take there */
};

/* All that n threads take, stacks included; 0 for n = 1. */
size_t hm_generational_team_bytes(unsigned n);

/* n >= 1.  Returns 1; 0 when the system refuses. */
int hm_generational_team_open(struct generational_team *team, unsigned n);

/* Nothing for one of all zeros. */
void hm_generational_team_close(struct generational_team *team);

#endif /* HM_COLLECTORS_GENERATIONAL_PARALLEL_H */
