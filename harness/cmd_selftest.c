/* SPDX-License-Identifier: MIT */
#include "harness/analysis/claims.h"
#include "harness/analysis/summary.h"
#include "harness/cmd_asked.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include <sched.h>

static const struct argp_option selftest_options[] = {
    {"blocks", HM_ASKED_BLOCKS, "N", 0, "every cell so many times",
     HM_ASKED_HOW},
    {0},
};

static error_t selftest_parse(int key, char *argument, struct argp_state *state)
{
    struct hm_asked *asked = state->input;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = asked;
        return 0;
    }
    return hm_asked_set(&asked->request, key, argument);
}

static unsigned selftest_cpus(void)
{
    cpu_set_t allowed;

    return sched_getaffinity(0, sizeof allowed, &allowed) == 0
               ? (unsigned)CPU_COUNT(&allowed)
               : 1;
}

/* Claims about many threads are worth their runs where there are as many
 * processors. */
static void selftest_add_threads(struct hm_asked *asked)
{
    struct hm_pool *pool = &asked->pool;
    struct hm_words known = {NULL, 0};
    unsigned cpus = selftest_cpus();
    const char *threads = "1";

    hm_words_add(pool, &known, threads);
    for (const struct hm_claim *claim = hm_claims; claim->id != NULL; claim++) {
        const char *word = hm_pool_format(pool, "%u", claim->threads);

        if (claim->least_cpus > cpus || hm_words_has(&known, word))
            continue;
        hm_words_add(pool, &known, word);
        threads = hm_pool_format(pool, "%s,%s", threads, word);
    }
    if (asked->request.threads == NULL && known.n > 1)
        asked->request.threads = threads;
}

/* The suite of this command, unless another one was asked for. */
static int selftest_suite(struct hm_asked *asked)
{
    if (asked->request.suite == NULL && asked->request.resume == NULL)
        asked->request.suite = "selftest";
    if (asked->request.resume == NULL)
        selftest_add_threads(asked);
    return hm_asked_suite(asked);
}

static int selftest_judge(struct hm_asked *asked)
{
    size_t count[HM_CLAIM_VERDICTS_END];
    struct hm_claim_rows rows;
    const char *why = "";

    if (hm_summary_write(asked->folder) != 0)
        return HM_EXIT_FAILED;
    if (hm_claim_rows_read(&asked->pool, &rows, asked->folder, &why) != 0) {
        hm_complain("%s", why);
        return HM_EXIT_FAILED;
    }
    hm_claims_print(&asked->pool, &rows, hm_claims, stdout, count);
    printf("campaign: %s\n", asked->folder);
    if (count[HM_CLAIM_VIOLATED] > 0)
        return HM_EXIT_FAILED;
    if (count[HM_CLAIM_HOLDS] == 0) {
        hm_complain("%s: no claim could be judged, so nothing was shown; each "
                    "line above says what it lacks",
                    asked->folder);
        return HM_EXIT_FAILED;
    }
    return 0;
}

int hm_cmd_selftest(int argc, char **argv)
{
    static const struct argp parser = {
        .options = selftest_options,
        .parser = selftest_parse,
        .doc = "Measures what the literature found of well-known mallocs and "
               "compares: does this set-up show the same?  Prints a line for "
               "each claim; the exit status is 0 if one holds and none is "
               "violated.",
        .children = hm_asked_children,
    };
    struct hm_asked asked = {.folder = NULL};
    bool any;
    int status =
        hm_asked_parse(&parser, "selftest", argc, argv, &asked, &asked);

    if (status == 0)
        status = selftest_suite(&asked);
    if (status == 0)
        status = hm_asked_plan(&asked);
    if (status == 0)
        status = hm_asked_check(&asked);
    if (status == 0)
        status = hm_asked_folder(&asked, asked.suite.name);
    if (status == 0)
        status = hm_asked_campaign(&asked, &any);
    if (status == 0)
        status = selftest_judge(&asked);
    hm_pool_fini(&asked.pool);
    return status;
}
