/* SPDX-License-Identifier: MIT */
/* program_folder.h -- where the other parts of heapmark lie, and other
 * programs. */
#ifndef HM_HARNESS_PROGRAM_FOLDER_H
#define HM_HARNESS_PROGRAM_FOLDER_H

#include "harness/pool.h"

/* Where the cells, suites and charts are: beside this program (a build), or
 * where an installation puts them.  `part` is "cells", "suites" or "plot". */
const char *hm_program_folder(struct hm_pool *pool, const char *part);

/* The path of another's program, found in PATH; NULL when it is not there. */
const char *hm_program_in_path(struct hm_pool *pool, const char *name);

#endif /* HM_HARNESS_PROGRAM_FOLDER_H */
