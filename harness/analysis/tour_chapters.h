/* SPDX-License-Identifier: MIT */
/* tour_chapters.h -- the chapters of the tour, tour_<id>.c each. */
#ifndef HM_HARNESS_ANALYSIS_TOUR_CHAPTERS_H
#define HM_HARNESS_ANALYSIS_TOUR_CHAPTERS_H

#include "harness/analysis/tour.h"

extern const struct hm_tour_chapter hm_tour_stack, hm_tour_allocation,
    hm_tour_garbage, hm_tour_cost, hm_tour_leaks, hm_tour_v8;

#endif /* HM_HARNESS_ANALYSIS_TOUR_CHAPTERS_H */
