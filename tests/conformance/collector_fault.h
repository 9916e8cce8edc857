/* SPDX-License-Identifier: MIT */
/* collector_fault.h -- runs a program that breaks the contract, in a child
 * process with a verified heap, and tells whether that was noticed. */
#ifndef HM_TESTS_COLLECTOR_FAULT_H
#define HM_TESTS_COLLECTOR_FAULT_H

#include "collector_heap.h"

struct fault {
    const char *name;
    void (*program)(void);
    unsigned where;     /* all of these traits, see the table */
    uint32_t raw_bytes; /* of the objects; 0: two words */
    int signal;         /* that has to end it; 0: anything may */
};

/* In the child: its row, and where it tells the parent that all is ready and
 * the fault comes next.  A child that dies before has shown nothing. */
extern const struct fault *fault;
extern int *fault_is_ready;

/* Tests whose state is a struct fault. */
void fault_survives(void **state);
void fault_is_caught(void **state);

#endif /* HM_TESTS_COLLECTOR_FAULT_H */
