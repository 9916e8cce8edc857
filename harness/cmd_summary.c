/* SPDX-License-Identifier: MIT */
#include "harness/summary.h"
#include "harness/table.h"
#include "harness/verbs.h"

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cmd_summary {
    const char *folder;
    bool quiet;
};

static error_t summary_option(int key, char *argument, struct argp_state *state)
{
    struct cmd_summary *cmd = state->input;

    switch (key) {
    case 'q':
        cmd->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (cmd->folder != NULL)
            argp_error(state, "one folder at a time");
        cmd->folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (cmd->folder == NULL)
            argp_error(state, "which campaign? give its folder");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int hm_cmd_summary(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"quiet", 'q', NULL, 0, "Write the files, print no table", 0}, {0}};
    static const struct argp parser = {
        .options = options,
        .parser = summary_option,
        .args_doc = "FOLDER",
        .doc = "Derives summary.csv and the charts' data from the rows of a "
               "campaign, and prints the table.",
    };
    struct cmd_summary cmd = {NULL, false};
    char name[] = "heapmark summary", *program = argv[0];

    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = name;
    argp_parse(&parser, argc, argv, 0, NULL, &cmd);
    argv[0] = program;
    if (hm_summary_write(cmd.folder) != 0)
        return HM_EXIT_FAILED;
    if (!cmd.quiet && hm_table_print(cmd.folder, stdout) != 0)
        return HM_EXIT_FAILED;
    return 0;
}
