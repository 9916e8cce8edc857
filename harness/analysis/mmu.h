/* SPDX-License-Identifier: MIT */
/* mmu.h -- how much of its time a program had for itself.
 *
 * MMU(w), minimum mutator utilisation: the least share of any window of length
 * w that was not paused.  BMU(w), bounded: the least MMU of any window of
 * length w or more, so that it only rises.
 *
 * Source:  P. Cheng and G. E. Blelloch, "A Parallel, Real-Time Garbage
 *          Collector", PLDI 2001; N. Sachindran and J. E. B. Moss, "MC2",
 *          OOPSLA 2004.
 * Differs: the minimum is attained by a window that begins where a pause begins
 *          or ends where one ends, moved into the run; so MMU is exact, in
 *          O(pauses).  BMU is the minimum over a grid of windows: from above.
 */
#ifndef HM_HARNESS_ANALYSIS_MMU_H
#define HM_HARNESS_ANALYSIS_MMU_H

#include <stddef.h>

/* A pause, in any unit of time from the beginning of the run. */
struct hm_span {
    double start, end; /* start <= end */
};

/* The grid: 40 windows a decade from 100 us to 10 s; each fourth of them is a
 * preferred number (1, 1.25, 1.6, 2, 2.5, 3.15, 4, 5, 6.3, 8). */
enum {
    HM_WINDOWS_PER_SHOWN = 4,
    HM_WINDOWS = 5 * 40 + 1,
};

/* Length of window i < HM_WINDOWS in ns. */
double hm_window_ns(size_t i);

/* Sorts the pauses of a run of length `total`, cuts off what lies outside of
 * it, joins those that touch or overlap.  Returns how many are left. */
size_t hm_spans_join(struct hm_span *span, size_t n, double total);

/* MMU of a window > 0, in 0..1, for pauses that hm_spans_join left.  A window
 * longer than the run is the run. */
double hm_mmu(const struct hm_span *span, size_t n, double total,
              double window);

/* Makes bmu[i] = least of mmu[i .. n-1]; windows ascend.  `average`, that of
 * the whole run, stands for all longer windows. */
void hm_bmu(const double *mmu, size_t n, double average, double *bmu);

#endif /* HM_HARNESS_ANALYSIS_MMU_H */
