/* SPDX-License-Identifier: MIT */
/* cell_threads.h -- the threads of a run.  With one, no other is ever created:
 * a process that has had two runs glibc's malloc off its single-thread path. */
#ifndef HM_HARNESS_CELL_THREADS_H
#define HM_HARNESS_CELL_THREADS_H

#include <stdint.h>

/* The calling thread is number 0; runs body(t) in each of the others.  When
 * the system refuses one, the record says `oom` and the process ends. */
void hm_cell_threads_start(unsigned n, void (*body)(unsigned thread));

/* All threads wait here for each other; what each wrote before, all see. */
void hm_cell_threads_meet(void);

/* Processor time of all of them so far.  While they wait at
 * hm_cell_threads_meet for the caller, thread 0. */
uint64_t hm_cell_threads_cpu_ns(void);

/* Waits for the end of the others; by thread 0. */
void hm_cell_threads_join(void);

#endif /* HM_HARNESS_CELL_THREADS_H */
