/* SPDX-License-Identifier: MIT */
#include "harness/campaign/request_files.h"

#include "harness/campaign/environment.h"
#include "harness/campaign/minheap_table.h"
#include "harness/replace_file.h"

#include <string.h>

int hm_request_files_write(struct hm_pool *pool,
                           const struct hm_catalog *catalog,
                           const struct hm_plan *plan, const char *folder,
                           const char *command, const char **path)
{
    static const char *const names[] = {"suite.ini", "plan.csv", "meta.csv",
                                        "minheap.csv"};
    size_t n = plan->minheap != NULL ? 4 : 3;
    int error = 0;

    for (size_t i = 0; i < n && error == 0; i++) {
        struct hm_replace_file file;

        *path = hm_pool_format(pool, "%s/%s", folder, names[i]);
        error = hm_replace_begin(&file, folder, names[i]);
        if (error != 0)
            break;
        if (strcmp(names[i], "suite.ini") == 0) {
            hm_suite_write(plan->suite, file.out);
        } else if (strcmp(names[i], "plan.csv") == 0) {
            hm_plan_write(plan, file.out);
        } else if (strcmp(names[i], "meta.csv") == 0) {
            hm_environment_write(pool, catalog, plan, command, file.out);
        } else {
            hm_minheap_put(plan->minheap, file.out);
        }
        error = hm_replace_end(&file, 0);
    }
    return error;
}
