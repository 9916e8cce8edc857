/* SPDX-License-Identifier: MIT */
#include "harness/analysis/tour.h"
#include "harness/campaign/launch.h"
#include "harness/cmd_asked.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whatever the machine: then the tour is over, but for its last words. */
enum { TOUR_BUDGET_S = 90, TOUR_LAST_WORDS_S = 2 };

enum { TOUR_OUT = 512, TOUR_RESUME };

enum { TOUR_CHAPTERS = 16 }; /* asked for, at most */

static const struct argp_option tour_options[] = {
    {"out", TOUR_OUT, "DIR", 0,
     "folder to make (default: results/<UTC time>-tour)", 0},
    {"resume", TOUR_RESUME, "DIR", 0,
     "tell it again from its rows; measure what is missing", 0},
    {0},
};

struct tour_request {
    struct hm_asked asked; /* the folder of all chapters */
    const struct hm_tour_chapter *chapter[TOUR_CHAPTERS];
    size_t n;
};

static volatile sig_atomic_t tour_is_over;

static void tour_ring(int signal_number)
{
    (void)signal_number;
    tour_is_over = 1;
    hm_interrupted = 1;
}

static error_t tour_add_chapter(struct tour_request *request, const char *id)
{
    const char *ids[TOUR_CHAPTERS], *near;
    size_t n = 0;

    for (; hm_tour_chapters[n] != NULL; n++) {
        ids[n] = hm_tour_chapters[n]->id;
        if (strcmp(ids[n], id) != 0 || request->n == TOUR_CHAPTERS)
            continue;
        request->chapter[request->n++] = hm_tour_chapters[n];
        return 0;
    }
    near = hm_suggest(id, ids, n);
    hm_complain("the tour has no chapter '%s'%s%s%s; see `heapmark tour "
                "--help`",
                id, near != NULL ? " (did you mean '" : "",
                near != NULL ? near : "", near != NULL ? "'?)" : "");
    return EINVAL;
}

/* A tour to go on with has a campaign in the folder of some chapter. */
static bool tour_is_in(const char *folder)
{
    struct hm_pool pool = {NULL};
    bool any = false;

    for (size_t i = 0; hm_tour_chapters[i] != NULL; i++) {
        const char *path = hm_pool_format(&pool, "%s/%s/plan.csv", folder,
                                          hm_tour_chapters[i]->id);

        any |= access(path, F_OK) == 0;
    }
    hm_pool_fini(&pool);
    return any;
}

static error_t tour_check(const struct hm_request *request)
{
    if (request->resume == NULL)
        return 0;
    if (request->out != NULL) {
        hm_complain("--out and --resume exclude each other");
        return EINVAL;
    }
    if (tour_is_in(request->resume))
        return 0;
    hm_complain("%s holds no tour; give a folder that heapmark tour made",
                request->resume);
    return EINVAL;
}

static error_t tour_parse(int key, char *argument, struct argp_state *state)
{
    struct tour_request *request = state->input;

    switch (key) {
    case TOUR_OUT:
        request->asked.request.out = argument;
        return 0;
    case TOUR_RESUME:
        request->asked.request.resume = argument;
        return 0;
    case ARGP_KEY_ARG:
        return tour_add_chapter(request, argument);
    case ARGP_KEY_NO_ARGS:
        for (size_t i = 0; hm_tour_chapters[i] != NULL; i++)
            request->chapter[request->n++] = hm_tour_chapters[i];
        return 0;
    case ARGP_KEY_END:
        return tour_check(&request->asked.request);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One campaign, in a folder of its own: made, or gone on with. */
static int tour_campaign(struct hm_asked *asked, const char *folder,
                         const struct hm_tour_chapter *chapter)
{
    bool any;
    int status;

    asked->brief = true;
    asked->command = "heapmark tour";
    asked->request.suite = hm_pool_format(&asked->pool, "tour_%s", chapter->id);
    if (access(hm_pool_format(&asked->pool, "%s/plan.csv", folder), F_OK) ==
        0) {
        asked->request.resume = folder;
    } else {
        asked->request.out = folder;
    }
    status = hm_asked_suite(asked);
    if (status == 0)
        status = hm_asked_plan(asked);
    if (status == 0)
        status = hm_asked_folder(asked, asked->suite.name);
    if (status == 0)
        status = hm_asked_campaign(asked, &any);
    return status;
}

static int tour_tell(struct hm_tour *tour,
                     const struct hm_tour_chapter *chapter, const char *folder)
{
    struct hm_tour_rows rows;
    const char *why = "";

    if (hm_tour_rows_read(tour->pool, &rows, folder, &why) != 0) {
        hm_complain("%s", why);
        return HM_EXIT_FAILED;
    }
    hm_tour_close(tour, chapter, &rows);
    return 0;
}

static int tour_chapter(struct hm_tour *tour, struct tour_request *request,
                        size_t number)
{
    const struct hm_tour_chapter *chapter = request->chapter[number];
    const char *folder =
        hm_pool_format(tour->pool, "%s/%s", request->asked.folder, chapter->id);
    struct hm_asked asked = {.folder = NULL};
    int status;

    hm_tour_open(tour, chapter, number + 1, request->n);
    status = tour_campaign(&asked, folder, chapter);
    hm_pool_fini(&asked.pool);
    return status == 0 ? tour_tell(tour, chapter, folder) : status;
}

static void tour_set_alarm(void)
{
    struct sigaction action = {.sa_handler = tour_ring};

    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    (void)alarm(TOUR_BUDGET_S - TOUR_LAST_WORDS_S);
}

/* What the time did not suffice for, and how to go on. */
static void tour_say_rest(struct hm_tour *tour,
                          const struct tour_request *request, size_t told)
{
    const char *rest = "";

    for (size_t i = told; i < request->n; i++) {
        rest =
            hm_pool_format(tour->pool, "%s %s", rest, request->chapter[i]->id);
    }
    hm_tour_say(tour, 0,
                "The tour's %d seconds are over: this machine is too busy for "
                "all of it. The rest: heapmark tour --resume %s%s",
                TOUR_BUDGET_S, request->asked.folder, rest);
    hm_tour_end_paragraph(tour);
}

static void tour_end(struct hm_tour *tour, const struct tour_request *request,
                     size_t told, double seconds)
{
    const char *folder = request->asked.folder;

    if (told < request->n)
        tour_say_rest(tour, request, told);
    if (told == 0)
        return;
    fprintf(tour->out,
            "The tour took %.0f s, with few runs of each kind: trust orders of "
            "magnitude.\nIts rows, one per run:\n",
            seconds);
    for (size_t i = 0; i < told; i++) {
        fprintf(tour->out, "  %s/%s/runs.csv\n", folder,
                request->chapter[i]->id);
    }
    fprintf(tour->out,
            "Next:\n"
            "  heapmark run --suite leaks    every leak, in three blocks\n"
            "  heapmark run --suite node     V8 and its flags, with intervals\n"
            "  heapmark report %s/%s\n"
            "                                a chapter's charts, as a page\n",
            folder, request->chapter[0]->id);
}

static int tour_folder(struct hm_asked *asked)
{
    if (asked->request.resume == NULL)
        return hm_asked_folder(asked, "tour");
    asked->folder = asked->request.resume;
    return 0;
}

static int tour_run(struct tour_request *request)
{
    struct hm_asked *asked = &request->asked;
    struct hm_tour tour = {
        .pool = &asked->pool, .out = stdout, .paragraph = ""};
    uint64_t start_ns = hm_clock_now_ns();
    size_t told = 0;
    int status = tour_folder(asked);

    if (status != 0)
        return status;
    printf("A tour of memory in %zu chapter%s, measured here and now.\n",
           request->n, request->n == 1 ? "" : "s");
    tour_set_alarm();
    while (status == 0 && told < request->n) {
        status = tour_chapter(&tour, request, told);
        told += status == 0;
    }
    (void)alarm(0);
    if (status != 0 && !(status == HM_EXIT_INTERRUPTED && tour_is_over))
        return status;
    tour_end(&tour, request, told,
             (double)(hm_clock_now_ns() - start_ns) / 1e9);
    return status == 0 ? 0 : HM_EXIT_FAILED;
}

int hm_cmd_tour(int argc, char **argv)
{
    static const struct argp parser = {
        .options = tour_options,
        .parser = tour_parse,
        .args_doc = "[stack|allocation|garbage|cost|leaks|v8]...",
        .doc = "A guided tour of at most 90 seconds: what memory costs on this "
               "machine, each answer with a small measurement.  Without "
               "chapters: all of them.",
    };
    struct tour_request request = {.n = 0};
    int status =
        hm_asked_parse(&parser, "tour", argc, argv, &request.asked, &request);

    if (status == 0)
        status = tour_run(&request);
    hm_pool_fini(&request.asked.pool);
    return status;
}
