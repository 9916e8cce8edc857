/* SPDX-License-Identifier: MIT */
/* pool_folder.h -- a temporary folder and a pool, for tests that take apart
 * what a tool wrote there. */
#ifndef HM_TESTS_UNIT_POOL_FOLDER_H
#define HM_TESTS_UNIT_POOL_FOLDER_H

#include "harness/pool.h"
#include "tests/unit/campaign_folder.h"

static struct hm_pool pool;

static inline int pool_folder_make(void **state)
{
    pool = (struct hm_pool){NULL};
    return folder_make(state);
}

static inline int pool_folder_remove(void **state)
{
    hm_pool_fini(&pool);
    return folder_remove(state);
}

#endif /* HM_TESTS_UNIT_POOL_FOLDER_H */
