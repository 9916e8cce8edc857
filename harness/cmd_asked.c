/* SPDX-License-Identifier: MIT */
#include "harness/cmd_asked.h"

#include "harness/campaign/campaign.h"
#include "harness/campaign/launch.h"
#include "harness/program_folder.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Keys of the shared options. */
enum asked_key {
    ASKED_SUITE = 512,
    ASKED_WORKLOAD,
    ASKED_STRATEGY,
    ASKED_OPTION,
    ASKED_THREADS,
    ASKED_SIZE,
    ASKED_PARAM,
    ASKED_SEED,
    ASKED_TIMEOUT,
    ASKED_MEMORY_CAP,
    ASKED_OUT,
    ASKED_RESUME,
    ASKED_STRESS,
    ASKED_VERIFY,
};

static const struct argp_option asked_options[] = {
    {NULL, 0, NULL, 0, "What to measure:", HM_ASKED_WHAT},
    {"suite", ASKED_SUITE, "NAME|FILE.ini", 0,
     "a suite (default: quick; of selftest: its own)", 0},
    {"workload", ASKED_WORKLOAD, "A,B", 0,
     "only these workloads; '*': all; 'object.*', 'block.*': all of a kind", 0},
    {"strategy", ASKED_STRATEGY, "X,Y,./libmine.so", 0,
     "only these strategies (and for run the baseline); a path is a library "
     "whose malloc is preloaded; '*': all",
     0},
    {"option", ASKED_OPTION, "STRATEGY.NAME=VALUE", 0,
     "an option of a strategy or variant; `heapmark list options`", 0},
    {"threads", ASKED_THREADS, "1,2", 0, "mutator threads", 0},
    {"size", ASKED_SIZE, "quick|full", 0, "how much work", 0},
    {"param", ASKED_PARAM, "NAME=VALUE,...", 0,
     "a parameter of the workloads; several values: each of them", 0},
    {NULL, 0, NULL, 0, "How:", HM_ASKED_HOW},
    {"seed", ASKED_SEED, "N", 0, "of the workloads and the order", 0},
    {NULL, 0, NULL, 0, "Limits of a run:", HM_ASKED_LIMITS},
    {"timeout", ASKED_TIMEOUT, "SECONDS", 0, "longest time", 0},
    {"memory-cap", ASKED_MEMORY_CAP, "SIZE", 0,
     "most memory, 1M to 1024T with K, M, G, T (default: half of the RAM)", 0},
    {NULL, 0, NULL, 0, "Where to:", HM_ASKED_WHERE},
    {"out", ASKED_OUT, "DIR", 0,
     "folder to make (default: results/<UTC time>-<suite>)", 0},
    {"resume", ASKED_RESUME, "DIR", 0, "go on with one that was stopped", 0},
    {NULL, 0, NULL, 0,
     "To find errors of collectors (no times to trust):", HM_ASKED_TORTURE},
    {"stress", ASKED_STRESS, "BYTES", 0, "collect every so many bytes", 0},
    {"verify", ASKED_VERIFY, NULL, 0, "check the heap around each collection",
     0},
    {0},
};

error_t hm_asked_set(struct hm_request *request, int key, const char *argument)
{
    const struct {
        int key;
        const char **text; /* where its argument goes */
    } place[] = {
        {HM_ASKED_BASELINE, &request->baseline},
        {HM_ASKED_HEAP, &request->heap},
        {HM_ASKED_LOAD, &request->load},
        {HM_ASKED_POLL, &request->poll},
        {HM_ASKED_MINHEAP, &request->minheap},
        {HM_ASKED_BLOCKS, &request->blocks},
        {HM_ASKED_CI, &request->ci},
        {ASKED_SUITE, &request->suite},
        {ASKED_WORKLOAD, &request->workload},
        {ASKED_STRATEGY, &request->strategy},
        {ASKED_THREADS, &request->threads},
        {ASKED_SIZE, &request->size},
        {ASKED_SEED, &request->seed},
        {ASKED_TIMEOUT, &request->timeout},
        {ASKED_MEMORY_CAP, &request->memory_cap},
        {ASKED_OUT, &request->out},
        {ASKED_RESUME, &request->resume},
        {ASKED_STRESS, &request->stress},
    };

    for (size_t i = 0; i < sizeof place / sizeof place[0]; i++) {
        if (place[i].key == key) {
            *place[i].text = argument;
            return 0;
        }
    }
    return ARGP_ERR_UNKNOWN;
}

/* What excludes each other, once all is known. */
static error_t asked_check_pairs(const struct hm_request *request)
{
    if (request->out != NULL && request->resume != NULL) {
        hm_complain("--out and --resume exclude each other");
        return EINVAL;
    }
    if (request->ci != NULL && request->blocks != NULL) {
        hm_complain("--ci and --blocks exclude each other: --ci decides how "
                    "many blocks there are");
        return EINVAL;
    }
    return 0;
}

static error_t asked_parse(int key, char *argument, struct argp_state *state)
{
    struct hm_asked *asked = state->input;
    struct hm_request *request = &asked->request;

    switch (key) {
    case ASKED_PARAM:
        hm_words_add(&asked->pool, &request->params, argument);
        return 0;
    case ASKED_OPTION:
        hm_words_add(&asked->pool, &request->options, argument);
        return 0;
    case ASKED_VERIFY:
        request->verify = "yes";
        return 0;
    case ARGP_KEY_ARG:
        hm_complain("'%s' is no option; did you mean --workload %s?", argument,
                    argument);
        return EINVAL;
    case ARGP_KEY_END:
        return asked_check_pairs(request);
    default:
        return hm_asked_set(request, key, argument);
    }
}

static const struct argp asked_parser = {.options = asked_options,
                                         .parser = asked_parse};

const struct argp_child hm_asked_children[] = {{&asked_parser, 0, NULL, 0},
                                               {NULL, 0, NULL, 0}};

static void asked_join(struct hm_asked *asked, int argc, char **argv)
{
    asked->command = "heapmark";
    for (int i = 0; i < argc; i++) {
        asked->command =
            hm_pool_format(&asked->pool, "%s %s", asked->command, argv[i]);
    }
}

int hm_asked_parse(const struct argp *parser, const char *verb, int argc,
                   char **argv, struct hm_asked *asked, void *input)
{
    char *name = hm_pool_format(&asked->pool, "heapmark %s", verb);
    char *program = argv[0];
    int error;

    asked_join(asked, argc, argv);
    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = name;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the driver has one thread. */
    error = argp_parse(parser, argc, argv, 0, NULL, input);
    argv[0] = program;
    return error != 0 ? HM_EXIT_USAGE : 0;
}

int hm_asked_suite(struct hm_asked *asked)
{
    const char *why = "";

    if (hm_request_suite(&asked->pool, &asked->request, &asked->suite, &why) ==
        0)
        return 0;
    hm_complain("%s", why);
    return HM_EXIT_USAGE;
}

int hm_asked_plan(struct hm_asked *asked)
{
    struct hm_pool *pool = &asked->pool;
    const char *why = "";

    if (hm_catalog_load(pool, &asked->catalog, hm_program_folder(pool, "cells"),
                        &why) != 0) {
        hm_complain("%s", why);
        return HM_EXIT_FAILED;
    }
    hm_catalog_probe(pool, &asked->catalog);
    if (hm_request_resolve(pool, &asked->request, &asked->catalog,
                           &asked->suite, &why) == 0 &&
        hm_plan_build(pool, &asked->catalog, &asked->suite, &asked->plan,
                      &why) == 0)
        return 0;
    hm_complain("%s", why);
    return HM_EXIT_USAGE;
}

int hm_asked_check(struct hm_asked *asked)
{
    const char *why = "";

    if (hm_request_check(&asked->pool, &asked->request, &asked->plan, &why) ==
        0)
        return 0;
    hm_complain("%s", why);
    return HM_EXIT_USAGE;
}

static int asked_is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* 1: there is something in it, 0: empty, negative errno. */
static int asked_is_used(const char *folder)
{
    struct dirent **entry;
    int n = scandir(folder, &entry, asked_is_entry, NULL);

    if (n < 0)
        return -errno;
    for (int i = 0; i < n; i++)
        free(entry[i]);
    free(entry);
    return n > 0;
}

/* mkdir -p */
static int asked_make_folder(struct hm_pool *pool, const char *folder)
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

static int asked_new_folder(struct hm_asked *asked)
{
    const char *folder = asked->folder;
    int used = asked_is_used(folder), error;

    if (used == 1) {
        hm_complain("--out %s: the folder is not empty; name a new one, or go "
                    "on with --resume %s",
                    folder, folder);
        return HM_EXIT_USAGE;
    }
    error = used == -ENOENT ? asked_make_folder(&asked->pool, folder) : used;
    if (error == 0 && access(folder, W_OK | X_OK) != 0)
        error = -errno;
    if (error == 0)
        return 0;
    hm_complain("--out %s: %s; name a folder that can be written", folder,
                hm_error_text(error));
    return HM_EXIT_FAILED;
}

static int asked_old_folder(struct hm_asked *asked)
{
    int error = hm_plan_check(&asked->plan, asked->folder);

    if (error == 0 || error == -ENOENT)
        return 0;
    if (error == -EEXIST) {
        hm_complain("--resume %s: it holds another plan (options, suite, seed "
                    "or versions differ); start a new campaign with --out",
                    asked->folder);
    } else {
        hm_complain("--resume %s: %s", asked->folder, hm_error_text(error));
    }
    return HM_EXIT_USAGE;
}

static void asked_name_folder(struct hm_asked *asked, const char *name)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];

    asked->folder = asked->request.resume != NULL ? asked->request.resume
                                                  : asked->request.out;
    if (asked->folder != NULL)
        return;
    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &utc);
    asked->folder = hm_pool_format(&asked->pool, "results/%s-%s", stamp, name);
}

int hm_asked_folder(struct hm_asked *asked, const char *name)
{
    asked_name_folder(asked, name);
    return asked->request.resume != NULL ? asked_old_folder(asked)
                                         : asked_new_folder(asked);
}

static void asked_interrupt(int signal_number)
{
    (void)signal_number;
    hm_interrupted = 1;
}

void hm_asked_catch_signals(void)
{
    struct sigaction action = {.sa_handler = asked_interrupt};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN; /* write errors say more */
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL);
}

void hm_asked_report_off(const struct hm_asked *asked)
{
    for (size_t i = 0; i < asked->catalog.n_strategies; i++) {
        const struct hm_strategy *strategy = asked->catalog.strategy[i];
        bool planned = false;

        for (size_t k = 0; k < asked->plan.n_cells; k++)
            planned |= asked->plan.cell[k].strategy == strategy;
        if (planned && strategy->off != NULL) {
            hm_complain("strategy %s is off: %s; its rows say unsupported",
                        strategy->id, strategy->off);
        }
    }
}

int hm_asked_campaign(struct hm_asked *asked, bool *any_ok)
{
    struct hm_campaign_request request = {
        .catalog = &asked->catalog,
        .plan = &asked->plan,
        .folder = asked->folder,
        .command = asked->command,
        .resume = asked->request.resume != NULL,
        .progress = stdout,
        .brief = asked->brief,
    };
    enum hm_campaign_end end;

    hm_asked_catch_signals();
    if (!asked->brief)
        hm_asked_report_off(asked);
    end = hm_campaign_run(&asked->pool, &request);
    *any_ok = end == HM_CAMPAIGN_DONE;
    if (end == HM_CAMPAIGN_INTERRUPTED)
        return HM_EXIT_INTERRUPTED;
    return end == HM_CAMPAIGN_FAILED ? HM_EXIT_FAILED : 0;
}
