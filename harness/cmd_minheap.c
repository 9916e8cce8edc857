/* SPDX-License-Identifier: MIT */
#include "harness/campaign/minheap.h"
#include "harness/campaign/minheap_print.h"
#include "harness/cmd_asked.h"
#include "harness/suggest.h"
#include "harness/verbs.h"

#include "common/params.h"

#include <errno.h>

enum minheap_option {
    MINHEAP_PASSES = HM_ASKED_END,
    MINHEAP_SLOWDOWN,
};

static const struct argp_option minheap_options[] = {
    {"passes", MINHEAP_PASSES, "N", 0,
     "a heap fits when it does so N times in a row (default: 2)", HM_ASKED_HOW},
    {"slowdown", MINHEAP_SLOWDOWN, "N", 0,
     "what takes over N times as long as with a roomy heap does not fit "
     "(default: 20)",
     0},
    {0},
};

struct minheap_command {
    struct hm_asked asked;
    unsigned passes, slowdown;
};

static error_t minheap_number(const char *option, const char *text,
                              unsigned *number)
{
    uint64_t value;

    if (hm_params_number(text, &value) != 0 || value < 1 || value > 1000) {
        hm_complain("%s '%s' is no number from 1 to 1000", option, text);
        return EINVAL;
    }
    *number = (unsigned)value;
    return 0;
}

static error_t minheap_parse(int key, char *argument, struct argp_state *state)
{
    struct minheap_command *command = state->input;

    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &command->asked;
        return 0;
    }
    if (key == MINHEAP_PASSES)
        return minheap_number("--passes", argument, &command->passes);
    if (key == MINHEAP_SLOWDOWN)
        return minheap_number("--slowdown", argument, &command->slowdown);
    return ARGP_ERR_UNKNOWN;
}

/* The heap is what is looked for: none is asked for.  An open loop needs the
 * same. */
static int minheap_prepare(struct hm_asked *asked)
{
    int status = hm_asked_suite(asked);

    asked->suite.n_heaps = asked->suite.n_loads = 0;
    asked->suite.minheap = NULL;
    if (status == 0)
        status = hm_asked_plan(asked);
    if (status != 0)
        return status;
    if (hm_minheap_plan(&asked->plan) == 0)
        return hm_asked_check(asked);
    hm_complain("none of these strategies has a heap that can be limited; see "
                "`heapmark list strategies` for the collectors");
    return HM_EXIT_USAGE;
}

static int minheap_search(struct minheap_command *command)
{
    struct hm_asked *asked = &command->asked;
    struct hm_minheap_request request = {
        .campaign = {.catalog = &asked->catalog,
                     .plan = &asked->plan,
                     .folder = asked->folder,
                     .command = asked->command,
                     .resume = asked->request.resume != NULL,
                     .progress = stdout},
        .passes = command->passes,
        .slowdown = command->slowdown,
    };
    struct hm_minheap table;

    hm_asked_catch_signals();
    hm_asked_report_off(asked);
    switch (hm_minheap_run(&asked->pool, &request, &table)) {
    case HM_CAMPAIGN_INTERRUPTED:
        return HM_EXIT_INTERRUPTED;
    case HM_CAMPAIGN_FAILED:
        return HM_EXIT_FAILED;
    case HM_CAMPAIGN_NONE_OK:
    case HM_CAMPAIGN_DONE:
        break;
    }
    return hm_minheap_print(&asked->plan, &table, asked->folder, stdout) == 0
               ? 0
               : HM_EXIT_FAILED;
}

int hm_cmd_minheap(int argc, char **argv)
{
    static const struct argp parser = {
        .options = minheap_options,
        .parser = minheap_parse,
        .doc = "Finds the smallest heap in which each workload completes under "
               "each strategy whose heap can be limited, to 2 %, for "
               "`heapmark run --minheap`.",
        .children = hm_asked_children,
    };
    struct minheap_command command = {.passes = HM_MINHEAP_PASSES,
                                      .slowdown = HM_MINHEAP_SLOWDOWN};
    struct hm_asked *asked = &command.asked;
    int status =
        hm_asked_parse(&parser, "minheap", argc, argv, asked, &command);

    if (status == 0)
        status = minheap_prepare(asked);
    if (status == 0) {
        status =
            hm_asked_folder(asked, hm_pool_format(&asked->pool, "%s-minheap",
                                                  asked->suite.name));
    }
    if (status == 0)
        status = minheap_search(&command);
    hm_pool_fini(&asked->pool);
    return status;
}
