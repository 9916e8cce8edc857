/* SPDX-License-Identifier: MIT */
/* os.h -- what Linux knows about a process and a mapping. */
#ifndef HM_COMMON_OS_H
#define HM_COMMON_OS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Resident bytes of process `pid` (0: this one), from /proc/PID/statm.
 * 0 when the process is gone.  About 6 us; the kernel's per-cpu counters may
 * lag by a few hundred KiB. */
uint64_t hm_os_rss_bytes(pid_t pid);

/* Resident bytes of this process less those that were given back by MADV_FREE
 * and that the kernel has not taken yet, exact, from /proc/self/smaps_rollup;
 * where that is not readable, as hm_os_rss_bytes.  Walks the page tables: about
 * 1 ms per 100 MiB. */
uint64_t hm_os_rss_held_bytes(void);

/* Highest resident size of this process since exec (VmHWM), exact.  0 when
 * /proc is not readable.  About 9 us. */
uint64_t hm_os_rss_peak_bytes(void);

/* Path of the mapped file that holds `address` (a function, say), or "" for
 * anonymous memory.  Reads /proc/self/maps with plain system calls: does not
 * allocate.  Returns 0, or -ENOENT when nothing is mapped there. */
int hm_os_file_of(const void *address, char *path, size_t path_bytes);

/* Lets sleeps of this thread, of those that it starts and of a program that it
 * becomes end at their time, not up to 50 us later as usual. */
void hm_os_sleep_exactly(void);

/* Largest address-space-independent memory of the machine: MemTotal. */
uint64_t hm_os_ram_bytes(void);

#endif /* HM_COMMON_OS_H */
