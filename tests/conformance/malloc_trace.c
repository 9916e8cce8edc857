/* SPDX-License-Identifier: MIT */
#include "tests/conformance/malloc_trace.h"

#include "common/rng.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* Before each block; keeps its alignment. */
struct prefix {
    uint64_t serial, bytes;
    void *start, *unused;
};

struct hm_trace *hm_trace;

/* The linker's names for a wrapped function (--wrap).
 * NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming) */
void *__real_malloc(size_t bytes);
void *__real_realloc(void *block, size_t bytes);
int __real_posix_memalign(void **block, size_t align, size_t bytes);
void __real_free(void *block);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *block, size_t bytes);
int __wrap_posix_memalign(void **block, size_t align, size_t bytes);
void __wrap_free(void *block);

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */

static void trace_add(uint32_t event, uint64_t serial, size_t bytes)
{
    hm_trace->hash = hm_mix(hm_trace->hash, event);
    hm_trace->hash = hm_mix(hm_trace->hash, (uint32_t)serial);
    hm_trace->hash = hm_mix(hm_trace->hash, (uint32_t)bytes);
}

/* Whether request `n` has to go wrong in this way. */
static int trace_is_damaged(enum hm_trace_damage damage, uint64_t n)
{
    return hm_trace->damage == damage && hm_trace->damage_at == n;
}

static void *trace_begin(void *start, size_t lead_bytes, size_t bytes)
{
    struct prefix *p;

    if (start == NULL)
        abort();
    p = (struct prefix *)(void *)((char *)start + lead_bytes) - 1;
    *p = (struct prefix){hm_trace->mallocs++, bytes, start, NULL};
    hm_trace->bytes += bytes;
    if (bytes > 0)
        hm_trace->in_octave[63 - __builtin_clzll(bytes)]++;
    trace_add(1, p->serial, bytes);
    return p + 1;
}

void *__wrap_malloc(size_t bytes)
{
    static unsigned char *before;
    const size_t lead_bytes = sizeof(struct prefix);

    if (before != NULL && trace_is_damaged(HM_TRACE_CHANGED, hm_trace->mallocs))
        before[0] ^= 1;
    before = trace_begin(__real_malloc(lead_bytes + bytes), lead_bytes, bytes);
    return before;
}

void *__wrap_calloc(size_t n, size_t bytes)
{
    int soiled = trace_is_damaged(HM_TRACE_SOILED, hm_trace->mallocs);
    unsigned char *block = __wrap_malloc(n * bytes);

    memset(block, 0, n * bytes);
    if (soiled)
        block[n * bytes - 1] = 1;
    return block;
}

/* Some bytes more, so that the block may lie askew. */
int __wrap_posix_memalign(void **block, size_t align, size_t bytes)
{
    size_t lead_bytes = sizeof(struct prefix);
    void *start;

    if (lead_bytes < align)
        lead_bytes = align;
    if (__real_posix_memalign(&start, align, lead_bytes + bytes + 16) != 0)
        return ENOMEM;
    if (trace_is_damaged(HM_TRACE_ASKEW, hm_trace->mallocs))
        lead_bytes += 16;
    *block = trace_begin(start, lead_bytes, bytes);
    return 0;
}

void *__wrap_realloc(void *block, size_t bytes)
{
    struct prefix *p = (struct prefix *)block - 1;
    size_t had = p->bytes;

    p = __real_realloc(p->start, sizeof(*p) + bytes);
    if (p == NULL)
        abort();
    if (trace_is_damaged(HM_TRACE_LOST, hm_trace->resizes))
        ((unsigned char *)(p + 1))[had - 1] ^= 1;
    p->start = p;
    p->bytes = bytes;
    hm_trace->resizes++;
    trace_add(2, p->serial, bytes);
    return p + 1;
}

void __wrap_free(void *block)
{
    struct prefix *p = (struct prefix *)block - 1;

    if (block == NULL)
        return;
    hm_trace->frees++;
    trace_add(3, p->serial, p->bytes);
    __real_free(p->start);
}

void hm_trace_assert(const char *workload, uint32_t hash, uint64_t mallocs,
                     uint64_t resizes)
{
    if (hm_trace->hash != hash || hm_trace->mallocs != mallocs ||
        hm_trace->resizes != resizes) {
        fail_msg("%s: trace %08x of %llu mallocs and %llu resizes; "
                 "expected %08x of %llu and %llu",
                 workload, hm_trace->hash,
                 (unsigned long long)hm_trace->mallocs,
                 (unsigned long long)hm_trace->resizes, hash,
                 (unsigned long long)mallocs, (unsigned long long)resizes);
    }
}

int hm_trace_open(void **state)
{
    (void)state;
    hm_trace = mmap(NULL, sizeof(*hm_trace), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return hm_trace == MAP_FAILED ? -1 : 0;
}

int hm_trace_clear(void **state)
{
    (void)state;
    *hm_trace = (struct hm_trace){.damage = HM_TRACE_SOUND};
    return 0;
}
