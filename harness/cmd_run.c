/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report.h"
#include "harness/analysis/summary.h"
#include "harness/analysis/table.h"
#include "harness/campaign/extra.h"
#include "harness/campaign/minheap_table.h"
#include "harness/cmd_asked.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

enum run_option { RUN_REPORT = HM_ASKED_END, RUN_PLAN, RUN_EXTRA };

static const struct argp_option run_options[] = {
    {"baseline", HM_ASKED_BASELINE, "ID", 0, "what the others are divided by",
     HM_ASKED_WHAT},
    {"heap", HM_ASKED_HEAP, "1.5,2,3", 0,
     "heap limits of collectors, in multiples of the workload's common minimum "
     "heap (--minheap), or else of the needed bytes",
     0},
    {"load", HM_ASKED_LOAD, "30,60,80", 0,
     "besides, operations that arrive at so many percent of the most that the "
     "baseline serves, for the latency of cache, connections and requests",
     0},
    {"poll", HM_ASKED_POLL, "US", 0,
     "after so many microseconds the strategy may work between two operations "
     "of these workloads, as at a turn of an event loop",
     0},
    {"minheap", HM_ASKED_MINHEAP, "FILE|DIR", 0,
     "the minimum heaps that `heapmark minheap` wrote", 0},
    {"blocks", HM_ASKED_BLOCKS, "N", 0, "every cell so many times",
     HM_ASKED_HOW},
    {"ci", HM_ASKED_CI, "2%", 0,
     "10 to 30 times, until each interval's half-width is below this", 0},
    {"icount", RUN_EXTRA + HM_EXTRA_ICOUNT, NULL, 0,
     "count the instructions of each cell, too, once, under valgrind", 0},
    {"syscalls", RUN_EXTRA + HM_EXTRA_SYSCALLS, NULL, 0,
     "and its system calls for memory, once, under strace", 0},
    {"operations", RUN_EXTRA + HM_EXTRA_OPERATIONS, NULL, 0,
     "and time each malloc, free, realloc... of block workloads, once", 0},
    {"plan", RUN_PLAN, NULL, 0,
     "print what a block would run, as CSV, and run nothing", 0},
    {"report", RUN_REPORT, NULL, 0, "draw the charts and write report.html",
     HM_ASKED_WHERE},
    {0},
};

struct run {
    struct hm_asked asked;
    struct hm_minheap minheap;
    bool report, plan_only;
};

static error_t run_parse(int key, char *argument, struct argp_state *state)
{
    struct run *run = state->input;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &run->asked;
        return 0;
    }
    if (key == RUN_REPORT) {
        run->report = true;
        return 0;
    }
    if (key == RUN_PLAN) {
        run->plan_only = true;
        return 0;
    }
    if (key >= RUN_EXTRA && key < RUN_EXTRA + HM_EXTRAS_END) {
        run->asked.request.extra[key - RUN_EXTRA] = "yes";
        return 0;
    }
    return hm_asked_set(&run->asked.request, key, argument);
}

static int run_check_extras(struct run *run)
{
    struct hm_asked *asked = &run->asked;

    for (int e = 0; e < HM_EXTRAS_END; e++) {
        const char *program = hm_extra_program((enum hm_extra)e);

        if (!asked->suite.extra[e] ||
            hm_extra_tool(&asked->pool, (enum hm_extra)e) != NULL)
            continue;
        hm_complain("--%s: %s, which counts, is not in PATH; install the "
                    "package %s, or leave the option (%s in a suite) out",
                    hm_extra_words[e], program, program, hm_extra_words[e]);
        return HM_EXIT_USAGE;
    }
    return 0;
}

/* Without a table the multiples are of the census's 1x. */
static int run_apply_minheap(struct run *run)
{
    struct hm_asked *asked = &run->asked;
    const char *path = asked->suite.minheap, *why = "";

    if (path == NULL)
        return 0;
    if (hm_minheap_read(&asked->pool, &run->minheap, path, &why) != 0) {
        hm_complain("minheap: %s", why);
        return HM_EXIT_USAGE;
    }
    if (hm_minheap_apply(&asked->pool, &run->minheap, &asked->plan, &why) !=
        0) {
        hm_complain("minheap %s: %s", path, why);
        return HM_EXIT_USAGE;
    }
    return 0;
}

static int run_campaign(struct run *run)
{
    struct hm_asked *asked = &run->asked;
    bool any_ok;
    int status = hm_asked_folder(asked, asked->suite.name);

    if (status == 0)
        status = hm_asked_campaign(asked, &any_ok);
    if (status != 0)
        return status;
    if (hm_summary_write(asked->folder) != 0 ||
        hm_table_print(asked->folder, stdout) != 0)
        return HM_EXIT_FAILED;
    if (run->report && hm_report_write(&asked->pool, asked->folder) != 0)
        return HM_EXIT_FAILED;
    printf(run->report ? "report: %s/report.html\n" : "campaign: %s\n",
           asked->folder);
    return any_ok ? 0 : HM_EXIT_FAILED;
}

int hm_cmd_run(int argc, char **argv)
{
    static const struct argp parser = {
        .options = run_options,
        .parser = run_parse,
        .doc = "Runs every cell of a plan in a process of its own, block by "
               "block, and writes one row for each run.",
        .children = hm_asked_children,
    };
    struct run run = {.plan_only = false};
    int status = hm_asked_parse(&parser, "run", argc, argv, &run.asked, &run);

    if (status == 0)
        status = hm_asked_suite(&run.asked);
    if (status == 0)
        status = run_check_extras(&run);
    if (status == 0)
        status = hm_asked_plan(&run.asked);
    if (status == 0)
        status = hm_asked_check(&run.asked);
    if (status == 0)
        status = run_apply_minheap(&run);
    if (status == 0 && run.plan_only) {
        hm_plan_write(&run.asked.plan, stdout);
    } else if (status == 0) {
        status = run_campaign(&run);
    }
    hm_pool_fini(&run.asked.pool);
    return status;
}
