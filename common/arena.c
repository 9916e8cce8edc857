/* SPDX-License-Identifier: MIT */
#include "common/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static void *arena_map(size_t bytes, int flags)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (start == MAP_FAILED) {
        fprintf(stderr, "heapmark: cannot map %zu bytes for the harness\n",
                bytes);
        abort();
    }
    return start;
}

void *hm_arena_alloc(size_t bytes)
{
    return arena_map(bytes, MAP_POPULATE);
}

void *hm_arena_reserve(size_t bytes)
{
    return arena_map(bytes, MAP_NORESERVE);
}

void hm_arena_release(void *start, size_t bytes)
{
    if (start != NULL)
        (void)munmap(start, bytes);
}
