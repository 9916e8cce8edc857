/* SPDX-License-Identifier: MIT */
/* budget.h -- one number for everything that a collector takes from the
 * system: objects, copy reserve, large objects, side tables, queues. */
#ifndef HM_COLLECTORS_SUBSTRATE_BUDGET_H
#define HM_COLLECTORS_SUBSTRATE_BUDGET_H

#include "common/check.h"

#include <stddef.h>

enum { HM_PAGE_BYTES = 4096 };

struct hm_budget {
    size_t limit_bytes; /* 0 = none */
    size_t held_bytes;  /* never above a limit */
    size_t peak_bytes;  /* of held_bytes */
};

static inline size_t hm_round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

static inline size_t hm_round_down(size_t n, size_t unit)
{
    return n / unit * unit;
}

static inline int hm_budget_has(const struct hm_budget *budget, size_t bytes)
{
    return budget->limit_bytes == 0 ||
           bytes <= budget->limit_bytes - budget->held_bytes;
}

/* Returns 1; 0, with nothing changed, when the limit is in the way. */
static inline int hm_budget_take(struct hm_budget *budget, size_t bytes)
{
    HM_ASSERT(budget->limit_bytes == 0 ||
              budget->held_bytes <= budget->limit_bytes);
    if (!hm_budget_has(budget, bytes))
        return 0;
    budget->held_bytes += bytes;
    if (budget->held_bytes > budget->peak_bytes)
        budget->peak_bytes = budget->held_bytes;
    return 1;
}

static inline void hm_budget_give(struct hm_budget *budget, size_t bytes)
{
    HM_ASSERT(bytes <= budget->held_bytes);
    budget->held_bytes -= bytes;
}

#endif /* HM_COLLECTORS_SUBSTRATE_BUDGET_H */
