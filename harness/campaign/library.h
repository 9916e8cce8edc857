/* SPDX-License-Identifier: MIT */
/* library.h -- what can be known of a shared library without loading it. */
#ifndef HM_HARNESS_CAMPAIGN_LIBRARY_H
#define HM_HARNESS_CAMPAIGN_LIBRARY_H

#include <stddef.h>

/* Room for a build id in hexadecimal digits: 20 bytes are usual. */
enum { HM_LIBRARY_ID_BYTES = 2 * 64 + 1 };

/* Is `path` a shared library that this machine can load?
 * Returns 0; else a negative errno and, in `why`, the cause in words: the
 * file is missing, no shared library, or made for another machine. */
int hm_library_check(const char *path, char *why, size_t why_bytes);

/* The GNU build id of an ELF file of this machine's class, which the linker
 * made from what it linked: two files with one id are the same code.
 * Returns 0; else a negative errno, and "" in `id`: -ENOENT where the file has
 * none (or none of at most 64 bytes), -ENOEXEC where it is cut off or no such
 * file. */
int hm_library_build_id(const char *path, char id[HM_LIBRARY_ID_BYTES]);

#endif /* HM_HARNESS_CAMPAIGN_LIBRARY_H */
