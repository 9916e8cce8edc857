/* SPDX-License-Identifier: MIT */
#include "harness/analysis/summary.h"
#include "harness/analysis/table.h"
#include "harness/cmd_folder.h"
#include "harness/verbs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cmd_summary {
    const char *folder;
    bool quiet;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's. */
static error_t summary_option(int key, char *argument, struct argp_state *state)
{
    struct cmd_summary *cmd = state->input;

    if (key != 'q')
        return hm_folder_key(key, argument, &cmd->folder);
    cmd->quiet = true;
    return 0;
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
    int status = hm_folder_parse(&parser, "heapmark summary", argc, argv, &cmd);

    if (status == 0)
        status = hm_folder_check(cmd.folder);
    if (status != 0)
        return status;
    if (hm_summary_write(cmd.folder) != 0)
        return HM_EXIT_FAILED;
    if (!cmd.quiet && hm_table_print(cmd.folder, stdout) != 0)
        return HM_EXIT_FAILED;
    return 0;
}
