/* SPDX-License-Identifier: MIT */
#include "harness/report.h"
#include "harness/summary.h"
#include "harness/verbs.h"

#include <argp.h>
#include <stddef.h>
#include <stdio.h>

static error_t report_option(int key, char *argument, struct argp_state *state)
{
    const char **folder = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (*folder != NULL)
            argp_error(state, "one folder at a time");
        *folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (*folder == NULL)
            argp_error(state, "which campaign? give its folder");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
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
    char name[] = "heapmark report", *program = argv[0];
    int status = HM_EXIT_FAILED;

    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = name;
    argp_parse(&parser, argc, argv, 0, NULL, &folder);
    argv[0] = program;
    if (hm_summary_write(folder) == 0 && hm_report_write(&pool, folder) == 0) {
        printf("%s/report.html\n", folder);
        status = 0;
    }
    hm_pool_fini(&pool);
    return status;
}
