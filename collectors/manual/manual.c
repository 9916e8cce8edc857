/* SPDX-License-Identifier: MIT */
/* manual.c -- the program frees by hand; whatever malloc is loaded serves it.
 *
 * Source:     the C library's malloc(3) contract, ISO C11 7.22.3.
 * Differs:    nothing is added: no header, no roots, no barrier.
 * Invariants: none of its own; LeakSanitizer proves the dispose calls.
 * Costs:      those of the loaded malloc.
 * Threads:    those of the loaded malloc; one mutator per thread. */
#include "collectors/collector.h"

static const struct hm_param manual_params[] = {{0}};

const struct hm_collector hm_collector_this = {
    .name = "manual",
    .summary = "malloc and free by the program, under any malloc",
    .source = "ISO C11 7.22.3",
    .class = HM_CLASS_ALLOCATOR,
    .has_heap_limit = 0,
    .params = manual_params,
};
