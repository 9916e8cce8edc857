/* SPDX-License-Identifier: MIT */
/* warm.h -- memory that the machine has at hand before a run starts.
 *
 * A virtual machine whose host takes back what is free (free page reporting,
 * balloons) pays for the host's page fault when it first touches such memory
 * again: measured 10 us per 4 KiB instead of 0.3 to 1.6 us, for large free
 * blocks above all, hence huge pages above all.  Which of a campaign's runs
 * pays depends on what ran before it, not on its strategy.  So each run is
 * preceded by a process that touches as much as the run will need and ends;
 * the kernel hands out first what was freed last.  Decision 0005. */
#ifndef HM_HARNESS_CAMPAIGN_WARM_H
#define HM_HARNESS_CAMPAIGN_WARM_H

#include <stdint.h>

/* Bytes to warm for a run: a quarter more than the greater of its heap limit
 * (0: none) and its greatest live bytes, plus 32 MiB for the process itself;
 * at most its cap, and 7/8 of what is free: the file cache stays. */
uint64_t hm_warm_bytes(uint64_t heap_bytes, uint64_t live_bytes,
                       uint64_t cap_bytes, uint64_t free_bytes);

/* Touches that much memory, in huge pages where there are any, in a process
 * of its own, and waits for its end.  What cannot be had is left out: warmth
 * is no condition of a run.  When memory runs out, that process dies first.
 * 0.15 ms per MiB that is warm, 2.4 ms that is not. */
void hm_warm(uint64_t bytes);

#endif /* HM_HARNESS_CAMPAIGN_WARM_H */
