/* SPDX-License-Identifier: MIT */
/* cmd_asked.h -- what `heapmark run`, `minheap` and `selftest` share: from the
 * options on the command line to a plan and a folder for it. */
#ifndef HM_HARNESS_CMD_ASKED_H
#define HM_HARNESS_CMD_ASKED_H

#include "harness/campaign/plan.h"
#include "harness/campaign/request.h"

#include <argp.h>
#include <stdbool.h>

/* Keys of options that only some commands have; they, too, go into the request.
 */
enum hm_asked_key {
    HM_ASKED_BASELINE = 256,
    HM_ASKED_HEAP,
    HM_ASKED_LOAD,
    HM_ASKED_POLL,
    HM_ASKED_MINHEAP,
    HM_ASKED_BLOCKS,
    HM_ASKED_CI,
    HM_ASKED_END, /* a command's own keys begin here */
};

/* Groups of options in the help, in this order. */
enum hm_asked_group {
    HM_ASKED_WHAT = 1,
    HM_ASKED_HOW,
    HM_ASKED_LIMITS,
    HM_ASKED_WHERE,
    HM_ASKED_TORTURE,
};

struct hm_asked {
    struct hm_pool pool;
    struct hm_request request;
    struct hm_catalog catalog;
    struct hm_suite suite;
    struct hm_plan plan;
    const char *folder, *command;
    bool brief; /* nothing but the line of progress on a terminal */
};

/* The shared options; children of a command's parser, which sets
 * child_inputs[0] to its struct hm_asked when it gets ARGP_KEY_INIT. */
extern const struct argp_child hm_asked_children[];

/* Parses the words behind a verb, shown as "heapmark VERB" in messages.
 * Returns 0 or HM_EXIT_USAGE. */
int hm_asked_parse(const struct argp *parser, const char *verb, int argc,
                   char **argv, struct hm_asked *asked, void *input);

/* For a command's parser: puts the argument of one of the keys above into the
 * request.  Returns 0 or ARGP_ERR_UNKNOWN. */
error_t hm_asked_set(struct hm_request *request, int key, const char *argument);

/* From the request to the suite, and from the suite to a plan; nothing is
 * written.  Return 0, or an exit status after a complaint. */
int hm_asked_suite(struct hm_asked *asked);
int hm_asked_plan(struct hm_asked *asked);

/* Refuses what was asked for and no cell of the plan would heed.  Returns 0 or
 * HM_EXIT_USAGE after a complaint. */
int hm_asked_check(struct hm_asked *asked);

/* Names the folder: what was asked for, or results/<UTC time>-<name>.  A new
 * one is made; one to go on with must hold this plan.  Returns 0, or an exit
 * status after a complaint. */
int hm_asked_folder(struct hm_asked *asked, const char *name);

/* Carries out the plan in the folder, with its progress on stdout; *any_ok:
 * whether a run was.  Returns 0, or an exit status after a complaint. */
int hm_asked_campaign(struct hm_asked *asked, bool *any_ok);

/* Makes SIGINT and SIGTERM stop a campaign between two runs. */
void hm_asked_catch_signals(void);

/* Complains of every planned strategy that is off. */
void hm_asked_report_off(const struct hm_asked *asked);

#endif /* HM_HARNESS_CMD_ASKED_H */
