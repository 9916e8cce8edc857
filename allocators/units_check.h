/* SPDX-License-Identifier: MIT */
/* units_check.h -- of units.h, which includes it: whether its invariants hold.
 */
#ifndef HM_ALLOCATORS_UNITS_CHECK_H
#define HM_ALLOCATORS_UNITS_CHECK_H

static const char *hm_units_check_bins(const struct hm_units *u,
                                       const struct hm_unit_bins *bins,
                                       size_t *n_free)
{
    for (unsigned b = 0; b < HM_UNIT_BINS; b++) {
        uint32_t at = bins->list[b];

        if ((at != HM_UNIT_NONE) != (int)(bins->map >> b & 1))
            return "units: a bit says whether a bin has a run";
        for (; at != HM_UNIT_NONE; at = u->unit[at].next) {
            if (!hm_units_is_free(u, at) ||
                hm_units_bin(u->unit[at].units) != b ||
                (u->unit[at].state == HM_UNIT_DIRTY) != (bins == &u->dirty))
                return "units: each run is in the bin of its size";
            if ((*n_free)-- == 0)
                return "units: the bins hold nothing but the free runs";
        }
    }
    return NULL;
}

static const char *hm_units_check(const struct hm_units *u)
{
    size_t used = 0, dirty = 0, n_free = 0, n;
    const char *broken;
    enum hm_unit_state last = HM_UNIT_USED;

    for (size_t at = 0; at < u->frontier; at += n) {
        const struct hm_unit *run = &u->unit[at];

        n = run->units;
        if (n == 0 || at + n > u->frontier || u->unit[at + n - 1].first != at)
            return "units: runs lie end to end";
        if (run->state != HM_UNIT_USED && last != HM_UNIT_USED &&
            (run->state == HM_UNIT_DIRTY) == (last == HM_UNIT_DIRTY))
            return "units: no two free runs of a kind touch";
        last = run->state;
        used += last == HM_UNIT_USED ? n : 0;
        dirty += last == HM_UNIT_DIRTY ? n : 0;
        n_free += last != HM_UNIT_USED;
    }
    if (used != u->used_units || dirty != u->dirty_units)
        return "units: the counts agree";
    broken = hm_units_check_bins(u, &u->dirty, &n_free);
    if (broken == NULL)
        broken = hm_units_check_bins(u, &u->clean, &n_free);
    if (broken == NULL && n_free != 0)
        broken = "units: each free run is in a bin";
    return broken;
}

#endif /* HM_ALLOCATORS_UNITS_CHECK_H */
