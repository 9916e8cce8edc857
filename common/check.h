/* SPDX-License-Identifier: MIT */
/* check.h -- conditions that must hold: HM_CHECK in every build, HM_ASSERT
 * in debug builds only (allocators and collectors use it on hot paths). */
#ifndef HM_COMMON_CHECK_H
#define HM_COMMON_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* Prints place and condition, then aborts.  Never inside a clock window. */
#define HM_CHECK(condition) \
    ((condition) ? (void)0 : hm_check_failed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define HM_ASSERT(condition) ((void)0)
#else
#define HM_ASSERT(condition) HM_CHECK(condition)
#endif

#define HM_LIKELY(condition)   (__builtin_expect(!!(condition), 1))
#define HM_UNLIKELY(condition) (__builtin_expect(!!(condition), 0))

_Noreturn static inline void hm_check_failed(const char *file, int line,
                                             const char *condition)
{
    fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
    abort();
}

#endif /* HM_COMMON_CHECK_H */
