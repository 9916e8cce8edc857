/* SPDX-License-Identifier: MIT */
/* cell.h -- the parts of a cell program: one process, one run of one workload
 * under one way of managing memory.  docs/protocol.md says what a cell must do.
 *
 * Nothing here takes memory from malloc before the clock window has closed:
 * tables come from common/arena.h or are static. */
#ifndef HM_HARNESS_CELL_H
#define HM_HARNESS_CELL_H

#include "common/params.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct hm_block_workload;
struct hm_object_workload;

enum { HM_CELL_EXIT_USAGE = 2 };

/* A strategy that this cell can run as; the table is written by CMake. */
struct hm_cell_strategy {
    const char *id;
    const char *preload; /* soname, or file name beside the cell; "" */
    const char *package; /* that brings the library; "" */
    const char *summary; /* "": that of the collector */
};

extern const struct hm_cell_strategy hm_cell_strategies[]; /* NULL id ends */

/* What `CELL run` was asked for, checked. */
struct hm_cell_args {
    const struct hm_object_workload *object; /* one of these two is NULL */
    const struct hm_block_workload *block;
    const char *strategy;    /* NULL: not said */
    const char *malloc_path; /* NULL: not compared */
    const char *input_dir;
    uint64_t value[HM_PARAMS_MAX];  /* of the workload's parameters */
    uint64_t option[HM_PARAMS_MAX]; /* of the strategy's */
    uint64_t heap_bytes, stress_bytes;
    uint64_t rate_per_s; /* arrivals; 0: a closed loop */
    uint64_t poll_us;    /* between two turns; 0: none */
    uint32_t seed;
    unsigned threads;
    int full, verify;
    int record_fd, progress_fd; /* progress_fd -1: none */
};

/* Reads WORKLOAD KEY=VALUE...  Returns 0, or -1 after one line on stderr that
 * says what is wrong.  `args` points into `word`. */
int hm_cell_args_read(struct hm_cell_args *args, char **word);

/* Prints what the cell has; 0, or 1 when stdout cannot be written. */
int hm_cell_list(void);

/* Prints the file that malloc comes from, then as hm_cell_runtime; 0 or 1 as
 * above. */
int hm_cell_identity(void);

/* Prints the version of what makes the memory of runs, and nothing where that
 * does not tell one: the malloc in use, or the other program that the runs are
 * made by.  Returns 0, or 1 after a complaint when it is not there. */
int hm_cell_runtime(void);

/* Path of the file that holds malloc, as mapped.  Returns NULL, or a sentence
 * that says why the run may not count as one of `expected` (NULL: any file):
 * malloc, calloc, realloc and free must all come from that very file.  The
 * sentence lives until the next call. */
const char *hm_cell_identity_check(const char *expected, char path[PATH_MAX]);

/* Whether the file that holds malloc defines `symbol`, too, for the process. */
bool hm_cell_identity_has(const char *symbol);

/* Runs and writes the record.  Returns the exit status of the process. */
int hm_cell_run_object(const struct hm_cell_args *args);
int hm_cell_run_block(const struct hm_cell_args *args);

/* One line on stderr, "<program>: ..."; uses no heap memory. */
__attribute__((format(printf, 1, 2))) void hm_cell_complain(const char *format,
                                                            ...);

#endif /* HM_HARNESS_CELL_H */
