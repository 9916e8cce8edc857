/* SPDX-License-Identifier: MIT */
/* verbs.h -- the commands of heapmark.
 *
 * Each takes the command line from its own word on and returns the exit
 * status: 0, HM_EXIT_FAILED after a line on stderr, HM_EXIT_USAGE for words
 * that are not understood, HM_EXIT_INTERRUPTED. */
#ifndef HM_HARNESS_VERBS_H
#define HM_HARNESS_VERBS_H

enum {
    HM_EXIT_FAILED = 1,
    HM_EXIT_USAGE = 2,
    HM_EXIT_INTERRUPTED = 130,
};

int hm_cmd_minheap(int argc, char **argv);
int hm_cmd_selftest(int argc, char **argv);
int hm_cmd_tour(int argc, char **argv);
int hm_cmd_list(int argc, char **argv);
int hm_cmd_run(int argc, char **argv);
int hm_cmd_summary(int argc, char **argv);
int hm_cmd_chart(int argc, char **argv);
int hm_cmd_report(int argc, char **argv);
int hm_cmd_columns(int argc, char **argv);

#endif /* HM_HARNESS_VERBS_H */
