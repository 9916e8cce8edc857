/* SPDX-License-Identifier: MIT */
/* pause_log.h -- everything that held the mutator up: one entry per event.
 *
 * A collector writes, the cell prints after the clock has stopped.  Adding
 * never allocates; what does not fit is still counted and summed.
 * Threads: one writer at a time (the world is stopped, or one mutator). */
#ifndef HM_COMMON_PAUSE_LOG_H
#define HM_COMMON_PAUSE_LOG_H

#include <stdint.h>

/* X(id): the kinds of work that can stop a mutator. */
#define HM_PAUSE_KINDS(X)                               \
    X(full)    /* a stop-the-world collection of all */ \
    X(compact) /* the same, with sliding compaction */  \
    X(sweep)   /* a slice of lazy sweeping */

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

enum { HM_PAUSE_LOG_ENTRIES = 1 << 16 };

struct hm_pause_log {
    uint64_t n;        /* all that were added, kept or not */
    uint64_t total_ns; /* sum over all of them */
    uint64_t max_ns;
    struct hm_pause entry[HM_PAUSE_LOG_ENTRIES];
};

/* "full", "sweep", ...; the word of the result files. */
const char *hm_pause_kind_name(enum hm_pause_kind kind);

/* Entries kept: the first min(n, HM_PAUSE_LOG_ENTRIES). */
static inline uint64_t hm_pause_log_kept(const struct hm_pause_log *log)
{
    return log->n < HM_PAUSE_LOG_ENTRIES ? log->n : HM_PAUSE_LOG_ENTRIES;
}

static inline void hm_pause_log_add(struct hm_pause_log *log,
                                    enum hm_pause_kind kind, uint64_t start_ns,
                                    uint64_t end_ns)
{
    uint64_t duration_ns = end_ns - start_ns;

    if (log->n < HM_PAUSE_LOG_ENTRIES)
        log->entry[log->n] = (struct hm_pause){start_ns, duration_ns, kind};
    log->n++;
    log->total_ns += duration_ns;
    if (duration_ns > log->max_ns)
        log->max_ns = duration_ns;
}

#endif /* HM_COMMON_PAUSE_LOG_H */
