/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report.h"
#include "harness/analysis/summary.h"
#include "harness/analysis/table.h"
#include "harness/campaign/campaign.h"
#include "harness/campaign/launch.h"
#include "harness/campaign/request.h"
#include "harness/program_folder.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include <argp.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum run_option {
    RUN_SUITE = 256,
    RUN_WORKLOAD,
    RUN_STRATEGY,
    RUN_HEAP,
    RUN_THREADS,
    RUN_SIZE,
    RUN_PARAM,
    RUN_BLOCKS,
    RUN_CI,
    RUN_SEED,
    RUN_BASELINE,
    RUN_TIMEOUT,
    RUN_MEMORY_CAP,
    RUN_OUT,
    RUN_RESUME,
    RUN_REPORT,
};

static const struct argp_option run_options[] = {
    {NULL, 0, NULL, 0, "What to measure:", 1},
    {"suite", RUN_SUITE, "NAME|FILE.ini", 0, "a suite (default: quick)", 0},
    {"workload", RUN_WORKLOAD, "A,B", 0, "only these workloads; '*': all", 0},
    {"strategy", RUN_STRATEGY, "X,Y,./libmine.so", 0,
     "only these strategies, besides the baseline; a path is a library whose "
     "malloc is preloaded; '*': all",
     0},
    {"baseline", RUN_BASELINE, "ID", 0, "what the others are divided by", 0},
    {"heap", RUN_HEAP, "1.5,2,3", 0,
     "heap limits of collectors, in multiples of the needed bytes", 0},
    {"threads", RUN_THREADS, "1,2", 0, "mutator threads", 0},
    {"size", RUN_SIZE, "quick|full", 0, "how much work", 0},
    {"param", RUN_PARAM, "NAME=VALUE", 0, "a parameter of the workloads", 0},
    {NULL, 0, NULL, 0, "How often:", 2},
    {"blocks", RUN_BLOCKS, "N", 0, "every cell so many times", 0},
    {"ci", RUN_CI, "2%", 0,
     "10 to 30 times, until each interval's half-width is below this", 0},
    {"seed", RUN_SEED, "N", 0, "of the workloads and the order", 0},
    {NULL, 0, NULL, 0, "Limits of a run:", 3},
    {"timeout", RUN_TIMEOUT, "SECONDS", 0, "longest time", 0},
    {"memory-cap", RUN_MEMORY_CAP, "SIZE", 0,
     "most memory, 1M to 1024T with K, M, G, T (default: half of the RAM)", 0},
    {NULL, 0, NULL, 0, "Where to:", 4},
    {"out", RUN_OUT, "DIR", 0,
     "folder of the campaign (default: results/<UTC time>-<suite>)", 0},
    {"resume", RUN_RESUME, "DIR", 0, "go on with a campaign that was stopped",
     0},
    {"report", RUN_REPORT, NULL, 0, "draw the charts and write report.html", 0},
    {0},
};

static void run_interrupt(int signal_number)
{
    (void)signal_number;
    hm_interrupted = 1;
}

struct run {
    struct hm_pool pool;
    struct hm_request request;
    struct hm_catalog catalog;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *folder, *command;
    bool report;
};

static const char **run_text(struct hm_request *request, int key)
{
    switch (key) {
    case RUN_SUITE:
        return &request->suite;
    case RUN_WORKLOAD:
        return &request->workload;
    case RUN_STRATEGY:
        return &request->strategy;
    case RUN_HEAP:
        return &request->heap;
    case RUN_THREADS:
        return &request->threads;
    case RUN_SIZE:
        return &request->size;
    case RUN_BLOCKS:
        return &request->blocks;
    case RUN_CI:
        return &request->ci;
    case RUN_SEED:
        return &request->seed;
    case RUN_BASELINE:
        return &request->baseline;
    case RUN_TIMEOUT:
        return &request->timeout;
    case RUN_MEMORY_CAP:
        return &request->memory_cap;
    case RUN_OUT:
        return &request->out;
    case RUN_RESUME:
        return &request->resume;
    default:
        return NULL;
    }
}

static error_t run_parse(int key, char *argument, struct argp_state *state)
{
    struct run *run = state->input;
    const char **text = run_text(&run->request, key);

    if (key == RUN_PARAM) {
        hm_words_add(&run->pool, &run->request.params, argument);
        return 0;
    }
    if (key == RUN_REPORT) {
        run->report = true;
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        hm_complain("'%s' is no option; did you mean --workload %s?", argument,
                    argument);
        return EINVAL;
    }
    if (key == ARGP_KEY_END && run->request.out != NULL &&
        run->request.resume != NULL) {
        hm_complain("--out and --resume exclude each other");
        return EINVAL;
    }
    if (key == ARGP_KEY_END && run->request.ci != NULL &&
        run->request.blocks != NULL) {
        hm_complain("--ci and --blocks exclude each other: --ci decides how "
                    "many blocks there are");
        return EINVAL;
    }
    if (text == NULL)
        return ARGP_ERR_UNKNOWN;
    *text = argument;
    return 0;
}

static void run_join(struct run *run, int argc, char **argv)
{
    run->command = "heapmark";
    for (int i = 0; i < argc; i++) {
        run->command =
            hm_pool_format(&run->pool, "%s %s", run->command, argv[i]);
    }
}

/* From words to a plan; nothing is written. */
static int run_prepare(struct run *run)
{
    const char *why = "";
    struct hm_pool *pool = &run->pool;

    if (hm_request_suite(pool, &run->request, &run->suite, &why) != 0) {
        hm_complain("%s", why);
        return HM_EXIT_USAGE;
    }
    if (hm_catalog_load(pool, &run->catalog, hm_program_folder(pool, "cells"),
                        &why) != 0) {
        hm_complain("%s", why);
        return HM_EXIT_FAILED;
    }
    hm_catalog_probe(pool, &run->catalog);
    if (hm_request_resolve(pool, &run->request, &run->catalog, &run->suite,
                           &why) != 0 ||
        hm_plan_build(pool, &run->catalog, &run->suite, &run->plan, &why) !=
            0) {
        hm_complain("%s", why);
        return HM_EXIT_USAGE;
    }
    return 0;
}

static int run_is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* 1: there is something in it, 0: empty, negative errno. */
static int run_is_used(const char *folder)
{
    struct dirent **entry;
    int n = scandir(folder, &entry, run_is_entry, NULL);

    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++)
        free(entry[i]);
    free(entry);
    return n > 0;
}

/* mkdir -p */
static int run_make_folder(struct hm_pool *pool, const char *folder)
{
    char *path = hm_pool_copy(pool, folder);

    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL;
         slash++) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

static int run_new_folder(struct run *run)
{
    const char *folder = run->folder;
    int used = run_is_used(folder), error;

    if (used == 1) {
        hm_complain("--out %s: the folder is not empty; name a new one, or go "
                    "on with --resume %s",
                    folder, folder);
        return HM_EXIT_USAGE;
    }
    error = used == -ENOENT ? run_make_folder(&run->pool, folder) : used;
    if (error == 0 && access(folder, W_OK | X_OK) != 0)
        error = -errno;
    if (error == 0)
        return 0;
    hm_complain("--out %s: %s; name a folder that can be written", folder,
                hm_error_text(error));
    return HM_EXIT_FAILED;
}

static int run_old_folder(struct run *run)
{
    int error = hm_plan_check(&run->plan, run->folder);

    if (error == 0 || error == -ENOENT)
        return 0;
    if (error == -EEXIST) {
        hm_complain("--resume %s: it holds another plan (options, suite, seed "
                    "or versions differ); start a new campaign with --out",
                    run->folder);
    } else {
        hm_complain("--resume %s: %s", run->folder, hm_error_text(error));
    }
    return HM_EXIT_USAGE;
}

static void run_name_folder(struct run *run)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];

    run->folder =
        run->request.resume != NULL ? run->request.resume : run->request.out;
    if (run->folder != NULL)
        return;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    run->folder =
        hm_pool_format(&run->pool, "results/%s-%s", stamp, run->suite.name);
}

static void run_catch_signals(void)
{
    struct sigaction action = {.sa_handler = run_interrupt};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* write errors say more */
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

static void run_report_off(const struct run *run)
{
    for (size_t i = 0; i < run->catalog.n_strategies; i++) {
        const struct hm_strategy *strategy = run->catalog.strategy[i];
        bool planned = false;

        for (size_t k = 0; k < run->plan.n_cells; k++)
            planned |= run->plan.cell[k].strategy == strategy;
        if (planned && strategy->off != NULL) {
            hm_complain("strategy %s is off: %s; its rows say unsupported",
                        strategy->id, strategy->off);
        }
    }
}

static int run_campaign(struct run *run)
{
    struct hm_campaign_request request = {
        .catalog = &run->catalog,
        .plan = &run->plan,
        .folder = run->folder,
        .command = run->command,
        .resume = run->request.resume != NULL,
        .progress = stdout,
    };

    enum hm_campaign_end end;

    run_catch_signals();
    run_report_off(run);
    end = hm_campaign_run(&run->pool, &request);
    switch (end) {
    case HM_CAMPAIGN_INTERRUPTED:
        return HM_EXIT_INTERRUPTED;
    case HM_CAMPAIGN_FAILED:
        return HM_EXIT_FAILED;
    case HM_CAMPAIGN_NONE_OK:
    case HM_CAMPAIGN_DONE:
        break;
    }
    if (hm_summary_write(run->folder) != 0 ||
        hm_table_print(run->folder, stdout) != 0)
        return HM_EXIT_FAILED;
    if (run->report && hm_report_write(&run->pool, run->folder) != 0)
        return HM_EXIT_FAILED;
    printf(run->report ? "report: %s/report.html\n" : "campaign: %s\n",
           run->folder);
    return end == HM_CAMPAIGN_DONE ? 0 : HM_EXIT_FAILED;
}

int hm_cmd_run(int argc, char **argv)
{
    static const struct argp parser = {
        .options = run_options,
        .parser = run_parse,
        .doc = "Runs every cell of a plan in a process of its own, block by "
               "block, and writes one row for each run.",
    };
    struct run run = {.folder = NULL};
    char name[] = "heapmark run", *program = argv[0];
    int status;

    run_join(&run, argc, argv);
    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = name;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the driver has one thread. */
    status = argp_parse(&parser, argc, argv, 0, NULL, &run);
    argv[0] = program;
    status = status != 0 ? HM_EXIT_USAGE : run_prepare(&run);
    if (status == 0) {
        run_name_folder(&run);
        status = run.request.resume != NULL ? run_old_folder(&run)
                                            : run_new_folder(&run);
    }
    if (status == 0)
        status = run_campaign(&run);
    hm_pool_fini(&run.pool);
    return status;
}
