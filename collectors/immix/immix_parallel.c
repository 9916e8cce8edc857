/* SPDX-License-Identifier: MIT */
/* immix_parallel.c -- marking by several threads, of collections that copy
 * nothing: a copy would have to be claimed before it is made. */
#include "collectors/immix/immix_heap.h"

/* As the lines of an object beyond the second are set by one thread alone. */
static void immix_mark_lines_together(void *arg, size_t word, size_t words)
{
    struct hm_gc *gc = arg;
    struct immix_block *info = &gc->info[word / HM_BLOCK_WORDS];
    size_t start = word % HM_BLOCK_WORDS;
    size_t last = (start + words - 1) / IMMIX_LINE_WORDS;

    __atomic_fetch_add(&gc->medium_bytes, words * HM_WORD_BYTES,
                       __ATOMIC_RELAXED);
    for (size_t l = start / IMMIX_LINE_WORDS + 2; l <= last; l++)
        hm_bits_or(&info->next[l / 64], (uint64_t)1 << l % 64);
}

int hm_immix_mark_together(struct hm_gc *gc)
{
    struct hm_parallel_marker *parallel = &gc->parallel;
    uint64_t words = 0;
    int is_complete;

    if (parallel->workers.n < 2)
        return 0;
    parallel->base = hm_block_start(&gc->blocks, 0);
    parallel->bits = gc->blocks.bits;
    parallel->words = (size_t)gc->blocks.frontier * HM_BLOCK_WORDS;
    parallel->large = &gc->heap.large;
    parallel->report = immix_mark_lines_together;
    parallel->report_arg = gc;
    parallel->report_words = IMMIX_LINE_WORDS;
    is_complete = hm_parallel_marker_run(parallel, &gc->heap.roots, &words);
    gc->marked_bytes += words * HM_WORD_BYTES;
    if (!is_complete) {
        hm_large_requeue(&gc->heap.large);
        gc->queue.has_dropped = 1;
    }
    return is_complete;
}
