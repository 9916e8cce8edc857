/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report.h"
#include "harness/analysis/summary.h"
#include "harness/cmd_folder.h"
#include "harness/verbs.h"

#include <stddef.h>
#include <stdio.h>

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's. */
static error_t report_option(int key, char *argument, struct argp_state *state)
{
    return hm_folder_key(key, argument, state->input);
}

int hm_cmd_report(int argc, char **argv)
{
    static const struct argp parser = {
        .parser = report_option,
        .args_doc = "FOLDER",
        .doc = "Writes FOLDER/report.html, one self-contained page, and prints "
               "its path.",
    };
    struct hm_pool pool = {NULL};
    const char *folder = NULL;
    int status =
        hm_folder_parse(&parser, "heapmark report", argc, argv, &folder);

    if (status == 0)
        status = hm_folder_check(folder);
    if (status != 0)
        return status;
    if (hm_summary_write(folder) == 0 && hm_report_write(&pool, folder) == 0) {
        printf("%s/report.html\n", folder);
    } else {
        status = HM_EXIT_FAILED;
    }
    hm_pool_fini(&pool);
    return status;
}
