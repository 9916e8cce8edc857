/* SPDX-License-Identifier: MIT */
/* library.h -- what can be known of a shared library without loading it. */
#ifndef HM_HARNESS_CAMPAIGN_LIBRARY_H
#define HM_HARNESS_CAMPAIGN_LIBRARY_H

#include <stddef.h>

/* Is `path` a shared library that this machine can load?
 * Returns 0; else a negative errno and, in `why`, the cause in words: the
 * file is missing, no shared library, or made for another machine. */
int hm_library_check(const char *path, char *why, size_t why_bytes);

#endif /* HM_HARNESS_CAMPAIGN_LIBRARY_H */
