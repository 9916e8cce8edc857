/* SPDX-License-Identifier: MIT */
/* bdwgc_heap.h -- what the strategies on libgc share: parameters, and the
 * functions of collector.h in bdwgc_heap.c. */
#ifndef HM_COLLECTORS_BDWGC_HEAP_H
#define HM_COLLECTORS_BDWGC_HEAP_H

#include "collectors/collector.h"

/* Indices into the parameters; a collector's own ones follow. */
enum { BDWGC_EXPAND, BDWGC_DIVISOR, BDWGC_MARKERS, BDWGC_TIME_LIMIT };

/* clang-format off */
#define BDWGC_PARAMS                                                          \
    {"expand", "with a limit: 1 takes all of it at once, 0 grows into it",    \
     1, 1, 0, 1},                                                             \
    {"free_space_divisor", "libgc's trade of space (1) for time (more)",      \
     3, 3, 1, 64},                                                            \
    {"markers", "threads that mark, the mutator's included", 1, 1, 1, 16}
/* clang-format on */

#endif /* HM_COLLECTORS_BDWGC_HEAP_H */
