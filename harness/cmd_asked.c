/* SPDX-License-Identifier: MIT */
#include "harness/cmd_asked.h"

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

static const char **asked_text(struct hm_request *request, int key)
{
    switch (key) {
    case HM_ASKED_SUITE:
        return &request->suite;
    case HM_ASKED_WORKLOAD:
        return &request->workload;
    case HM_ASKED_STRATEGY:
        return &request->strategy;
    case HM_ASKED_THREADS:
        return &request->threads;
    case HM_ASKED_SIZE:
        return &request->size;
    case HM_ASKED_SEED:
        return &request->seed;
    case HM_ASKED_TIMEOUT:
        return &request->timeout;
    case HM_ASKED_MEMORY_CAP:
        return &request->memory_cap;
    case HM_ASKED_OUT:
        return &request->out;
    case HM_ASKED_RESUME:
        return &request->resume;
    default:
        return NULL;
    }
}

error_t hm_asked_option(struct hm_asked *asked, int key, char *argument)
{
    const char **text = asked_text(&asked->request, key);

    if (key == HM_ASKED_PARAM) {
        hm_words_add(&asked->pool, &asked->request.params, argument);
        return 0;
    }
    if (key == ARGP_KEY_ARG) {
        hm_complain("'%s' is no option; did you mean --workload %s?", argument,
                    argument);
        return EINVAL;
    }
    if (key == ARGP_KEY_END && asked->request.out != NULL &&
        asked->request.resume != NULL) {
        hm_complain("--out and --resume exclude each other");
        return EINVAL;
    }
    if (text == NULL)
        return ARGP_ERR_UNKNOWN;
    *text = argument;
    return 0;
}

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
