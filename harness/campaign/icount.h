/* SPDX-License-Identifier: MIT */
/* icount.h -- instructions of a run, counted by valgrind's callgrind.
 *
 * The cell runs as it is: callgrind knows the two functions between which the
 * clock window lies by their names, sets its counts to zero at the one and
 * writes them at the other.  What it counts are instructions in user mode, of
 * all threads: of the workload, the strategy and the C library. */
#ifndef HM_HARNESS_CAMPAIGN_ICOUNT_H
#define HM_HARNESS_CAMPAIGN_ICOUNT_H

#include "harness/pool.h"

#include <stdint.h>

/* `argv` (NULL-ended) under valgrind, with its files in `folder`. */
const char *const *hm_icount_argv(struct hm_pool *pool, const char *valgrind,
                                  const char *folder, const char *const *argv);

/* Takes the count of the window out of what valgrind wrote into `folder`, and
 * removes that.  Returns 0; -ENOENT when the window was never closed under
 * valgrind, -EILSEQ when the file holds no count. */
int hm_icount_take(struct hm_pool *pool, const char *folder,
                   uint64_t *instructions);

#endif /* HM_HARNESS_CAMPAIGN_ICOUNT_H */
