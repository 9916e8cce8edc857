/* SPDX-License-Identifier: MIT */
/* cmd_asked.h -- what `heapmark run` and `heapmark minheap` share: from the
 * options on the command line to a plan and a folder for it. */
#ifndef HM_HARNESS_CMD_ASKED_H
#define HM_HARNESS_CMD_ASKED_H

#include "harness/campaign/plan.h"
#include "harness/campaign/request.h"

#include <argp.h>

enum hm_asked_key {
    HM_ASKED_SUITE = 256,
    HM_ASKED_WORKLOAD,
    HM_ASKED_STRATEGY,
    HM_ASKED_THREADS,
    HM_ASKED_SIZE,
    HM_ASKED_PARAM,
    HM_ASKED_SEED,
    HM_ASKED_TIMEOUT,
    HM_ASKED_MEMORY_CAP,
    HM_ASKED_OUT,
    HM_ASKED_RESUME,
    HM_ASKED_END, /* a command's own keys begin here */
};

/* Rows of a command's table of options; `strategies` is the help of
 * --strategy. */
#define HM_ASKED_WHAT(strategies)                                              \
    {NULL, 0, NULL, 0, "What to measure:", 1}, {"suite",                       \
                                                HM_ASKED_SUITE,                \
                                                "NAME|FILE.ini",               \
                                                0,                             \
                                                "a suite (default: quick)",    \
                                                0},                            \
        {"workload",                                                           \
         HM_ASKED_WORKLOAD,                                                    \
         "A,B",                                                                \
         0,                                                                    \
         "only these workloads; '*': all",                                     \
         0},                                                                   \
        {"strategy", HM_ASKED_STRATEGY, "X,Y,./libmine.so", 0, strategies, 0}, \
        {"threads", HM_ASKED_THREADS, "1,2", 0, "mutator threads", 0},         \
        {"size", HM_ASKED_SIZE, "quick|full", 0, "how much work", 0},          \
    {                                                                          \
        "param", HM_ASKED_PARAM, "NAME=VALUE", 0,                              \
            "a parameter of the workloads", 0                                  \
    }

#define HM_ASKED_SEEDED                                                    \
    {                                                                      \
        "seed", HM_ASKED_SEED, "N", 0, "of the workloads and the order", 0 \
    }

#define HM_ASKED_LIMITS                                                       \
    {NULL, 0, NULL, 0, "Limits of a run:", 3},                                \
        {"timeout", HM_ASKED_TIMEOUT, "SECONDS", 0, "longest time", 0},       \
    {                                                                         \
        "memory-cap", HM_ASKED_MEMORY_CAP, "SIZE", 0,                         \
            "most memory, 1M to 1024T with K, M, G, T (default: half of the " \
            "RAM)",                                                           \
            0                                                                 \
    }

#define HM_ASKED_WHERE(folder)                      \
    {NULL, 0, NULL, 0, "Where to:", 4},             \
        {"out", HM_ASKED_OUT, "DIR", 0, folder, 0}, \
    {                                               \
        "resume", HM_ASKED_RESUME, "DIR", 0,        \
            "go on with one that was stopped", 0    \
    }

struct hm_asked {
    struct hm_pool pool;
    struct hm_request request;
    struct hm_catalog catalog;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *folder, *command;
};

/* Parses the words behind a verb, shown as "heapmark VERB" in messages.
 * Returns 0 or HM_EXIT_USAGE. */
int hm_asked_parse(const struct argp *parser, const char *verb, int argc,
                   char **argv, struct hm_asked *asked, void *input);

/* For a command's parser: the shared keys, and ARGP_KEY_ARG and _END.  Returns
 * 0; EINVAL after a complaint, ARGP_ERR_UNKNOWN for a key of the command. */
error_t hm_asked_option(struct hm_asked *asked, int key, char *argument);

/* From the request to the suite, and from the suite to a plan; nothing is
 * written.  Return 0, or an exit status after a complaint. */
int hm_asked_suite(struct hm_asked *asked);
int hm_asked_plan(struct hm_asked *asked);

/* Names the folder: what was asked for, or results/<UTC time>-<name>.  A new
 * one is made; one to go on with must hold this plan.  Returns 0, or an exit
 * status after a complaint. */
int hm_asked_folder(struct hm_asked *asked, const char *name);

/* Makes SIGINT and SIGTERM stop a campaign between two runs. */
void hm_asked_catch_signals(void);

/* Complains of every planned strategy that is off. */
void hm_asked_report_off(const struct hm_asked *asked);

#endif /* HM_HARNESS_CMD_ASKED_H */
