/* SPDX-License-Identifier: MIT */
#include "harness/analysis/mmu.h"

#include <math.h>
#include <stdlib.h>

double hm_window_ns(size_t i)
{
    static const double preferred[] = {1, 1.25, 1.6, 2, 2.5, 3.15,
                                       4, 5,    6.3, 8, 10};
    size_t shown = i / HM_WINDOWS_PER_SHOWN;
    double from = preferred[shown % 10], to = preferred[shown % 10 + 1];
    double share = (double)(i % HM_WINDOWS_PER_SHOWN) / HM_WINDOWS_PER_SHOWN;

    return 1e5 * pow(10, floor((double)shown / 10)) * from *
           pow(to / from, share);
}

static int mmu_compare(const void *left, const void *right)
{
    const struct hm_span *a = left;
    const struct hm_span *b = right;

    return (a->start > b->start) - (a->start < b->start);
}

size_t hm_spans_join(struct hm_span *span, size_t n, double total)
{
    size_t joined = 0;

    qsort(span, n, sizeof *span, mmu_compare);
    for (size_t i = 0; i < n; i++) {
        struct hm_span next = {fmax(span[i].start, 0),
                               fmin(span[i].end, total)};

        if (next.end <= next.start)
            continue;
        if (joined > 0 && next.start <= span[joined - 1].end) {
            span[joined - 1].end = fmax(span[joined - 1].end, next.end);
        } else {
            span[joined++] = next;
        }
    }
    return joined;
}

/* The paused time before a moment; moments must ascend. */
struct mmu_cursor {
    size_t i;
    double paused; /* by span[0 .. i-1] */
};

static double mmu_before(struct mmu_cursor *cursor, const struct hm_span *span,
                         size_t n, double moment)
{
    while (cursor->i < n && span[cursor->i].end <= moment) {
        cursor->paused += span[cursor->i].end - span[cursor->i].start;
        cursor->i++;
    }
    if (cursor->i < n && span[cursor->i].start < moment)
        return cursor->paused + (moment - span[cursor->i].start);
    return cursor->paused;
}

double hm_mmu(const struct hm_span *span, size_t n, double total, double window)
{
    struct mmu_cursor cursor[4] = {{0, 0}};
    double most = 0;

    if (window >= total) {
        most = mmu_before(&cursor[0], span, n, total);
        return total > 0 ? fmax(0, 1 - most / total) : 1;
    }
    for (size_t i = 0; i < n; i++) {
        double begin = fmin(span[i].start, total - window);
        double end = fmax(span[i].end, window);

        most = fmax(most, mmu_before(&cursor[0], span, n, begin + window) -
                              mmu_before(&cursor[1], span, n, begin));
        most = fmax(most, mmu_before(&cursor[2], span, n, end) -
                              mmu_before(&cursor[3], span, n, end - window));
    }
    return fmax(0, 1 - most / window);
}

void hm_bmu(const double *mmu, size_t n, double average, double *bmu)
{
    double least = average;

    for (size_t i = n; i-- > 0;) {
        least = fmin(least, mmu[i]);
        bmu[i] = least;
    }
}
