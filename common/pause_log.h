/* SPDX-License-Identifier: MIT */
/* pause_log.h -- everything that held the mutator up.
 *
 * A collector writes, the cell prints after the clock has stopped.  A pause is
 * a collection of any length, or a slice of lazy work of at least
 * HM_PAUSE_LEAST_NS.  Shorter slices (a run can have millions, and they would
 * drown every percentile) only enter the total.  Each pause has an entry until
 * the table is full.  Adding never allocates.
 * Threads: one writer at a time (the world is stopped, or one mutator). */
#ifndef HM_COMMON_PAUSE_LOG_H
#define HM_COMMON_PAUSE_LOG_H

#include "common/hist.h"

#include <stdint.h>

/* X(id): the kinds of work that can stop a mutator; the slices come last. */
#define HM_PAUSE_KINDS(X)                                         \
    X(full)      /* a stop-the-world collection of all */         \
    X(compact)   /* the same, with sliding compaction */          \
    X(minor)     /* a collection of the young objects */          \
    X(cycles)    /* counting: dead cycles looked for and freed */ \
    X(reconcile) /* counting: new objects and zero counts */      \
    X(sweep)     /* slice: lazy sweeping */                       \
    X(increment) /* slice: marking, while the mutator waits */    \
    X(cascade)   /* slice: counting, what dead objects held */

enum hm_pause_kind {

#define HM_PAUSE_ENUM(id) HM_PAUSE_##id,
    HM_PAUSE_KINDS(HM_PAUSE_ENUM)
#undef HM_PAUSE_ENUM
        HM_PAUSE_KINDS_END
};

struct hm_pause {
    uint64_t start_ns, duration_ns;
    enum hm_pause_kind kind;
};

enum { HM_PAUSE_LOG_ENTRIES = 1 << 16, HM_PAUSE_LEAST_NS = 10000 };

struct hm_pause_log {
    struct hm_hist lengths; /* of all pauses */
    uint64_t total_ns;      /* of pauses and shorter slices */
    uint64_t n_listed;      /* entries in use */
    struct hm_pause entry[HM_PAUSE_LOG_ENTRIES];
};

/* Empties the log; the start of a clock window. */
void hm_pause_log_init(struct hm_pause_log *log);

/* "full", "sweep", ...; the word of the result files. */
const char *hm_pause_kind_name(enum hm_pause_kind kind);

static inline void hm_pause_log_add(struct hm_pause_log *log,
                                    enum hm_pause_kind kind, uint64_t start_ns,
                                    uint64_t end_ns)
{
    uint64_t duration_ns = end_ns - start_ns;

    log->total_ns += duration_ns;
    if (kind >= HM_PAUSE_sweep && duration_ns < HM_PAUSE_LEAST_NS)
        return;
    hm_hist_add(&log->lengths, duration_ns);
    if (log->n_listed < HM_PAUSE_LOG_ENTRIES) {
        log->entry[log->n_listed++] =
            (struct hm_pause){start_ns, duration_ns, kind};
    }
}

#endif /* HM_COMMON_PAUSE_LOG_H */
