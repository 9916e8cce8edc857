/* SPDX-License-Identifier: MIT */
/* syscalls.h -- system calls of a run by kind, seen by strace.
 *
 * The cell runs as it is: its clock window lies between the first two calls of
 * getrusage, which nothing else in it makes.  Counted are all threads. */
#ifndef HM_HARNESS_CAMPAIGN_SYSCALLS_H
#define HM_HARNESS_CAMPAIGN_SYSCALLS_H

#include "harness/pool.h"

/* `argv` (NULL-ended) under the strace at `strace`, with its file in `folder`.
 */
const char *const *hm_syscalls_argv(struct hm_pool *pool, const char *strace,
                                    const char *folder,
                                    const char *const *argv);

/* Takes the counts of the window out of what strace wrote into `folder`, and
 * removes that: "mmap_calls=2;munmap_calls=0;...", always the same names.
 * Returns 0; -ENOENT when there is no file, -EILSEQ when the window was not
 * opened and closed in it. */
int hm_syscalls_take(struct hm_pool *pool, const char *folder,
                     const char **figures);

#endif /* HM_HARNESS_CAMPAIGN_SYSCALLS_H */
