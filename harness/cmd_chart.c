/* SPDX-License-Identifier: MIT */
#include "harness/analysis/chart.h"
#include "harness/analysis/summary.h"
#include "harness/cmd_folder.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include <stddef.h>
#include <stdio.h>

enum { CMD_CHART_MAX = 64 };

struct cmd_chart {
    const char *folder, *id;
    bool png;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is argp's. */
static error_t chart_option(int key, char *argument, struct argp_state *state)
{
    struct cmd_chart *cmd = state->input;

    switch (key) {
    case 'c':
        cmd->id = argument;
        return 0;
    case 'p':
        cmd->png = true;
        return 0;
    default:
        return hm_folder_key(key, argument, &cmd->folder);
    }
}

static int chart_unknown(const char *id)
{
    const char *name[CMD_CHART_MAX], *near;
    size_t n = 0;

    while (n < CMD_CHART_MAX && hm_charts[n].id != NULL) {
        name[n] = hm_charts[n].id;
        n++;
    }
    near = hm_suggest(id, name, n);
    hm_complain("unknown chart '%s'; %s%s%s", id,
                near != NULL ? "did you mean '" : "see `heapmark list charts`",
                near != NULL ? near : "", near != NULL ? "'?" : "");
    return HM_EXIT_USAGE;
}

static int chart_run(struct hm_pool *pool, const struct cmd_chart *cmd)
{
    const struct hm_chart *only =
        cmd->id == NULL ? NULL : hm_chart_find(cmd->id);
    struct hm_chart_files files;

    if (cmd->id != NULL && only == NULL)
        return chart_unknown(cmd->id);
    if (hm_summary_write(cmd->folder) != 0 ||
        hm_chart_draw(pool, cmd->folder, only, cmd->png, &files) != 0)
        return HM_EXIT_FAILED;
    for (size_t i = 0; i < files.n; i++)
        printf("%s\n", files.file[i].path);
    return 0;
}

int hm_cmd_chart(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"chart", 'c', "ID", 0, "Draw this one only", 0},
        {"png", 'p', NULL, 0, "Draw PNG files as well", 0},
        {0}};
    static const struct argp parser = {
        .options = options,
        .parser = chart_option,
        .args_doc = "FOLDER",
        .doc = "Draws the charts of a campaign into FOLDER/charts and prints "
               "their paths.",
    };
    struct hm_pool pool = {NULL};
    struct cmd_chart cmd = {NULL, NULL, false};
    int status = hm_folder_parse(&parser, "heapmark chart", argc, argv, &cmd);

    if (status == 0)
        status = hm_folder_check(cmd.folder);
    if (status == 0)
        status = chart_run(&pool, &cmd);
    hm_pool_fini(&pool);
    return status;
}
