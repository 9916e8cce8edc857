/* SPDX-License-Identifier: MIT */
/* main.c -- the verbs of heapmark. */
#include "harness/suggest.h"
#include "harness/verbs.h"
#include "harness/version.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct main_verb {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
    bool hidden;
};

static const struct main_verb main_verbs[] = {
    {"list", "what there is: workloads, strategies, suites, charts",
     hm_cmd_list, false},
    {"run", "measure a suite, or what options name", hm_cmd_run, false},
    {"minheap", "find the smallest heap of each collector", hm_cmd_minheap,
     false},
    {"tour", "what memory costs, shown in 90 seconds", hm_cmd_tour, false},
    {"selftest", "does this set-up show what the literature found?",
     hm_cmd_selftest, false},
    {"summary", "the tables of a campaign, from its rows", hm_cmd_summary,
     false},
    {"chart", "draw a campaign's charts", hm_cmd_chart, false},
    {"report", "a campaign as one page", hm_cmd_report, false},
    {"columns", "the dictionary of the result files", hm_cmd_columns, true},
};

enum { MAIN_VERBS = sizeof main_verbs / sizeof main_verbs[0] };

static void main_help(void)
{
    printf("Usage: heapmark VERB [OPTION...]\n"
           "Compares allocation and garbage-collection strategies.\n\n");
    for (int i = 0; i < MAIN_VERBS; i++) {
        if (!main_verbs[i].hidden)
            printf("  %-10s %s\n", main_verbs[i].name, main_verbs[i].summary);
    }
    printf("\n`heapmark VERB --help` explains a verb.\n");
}

static int main_unknown(const char *word)
{
    const char *name[MAIN_VERBS], *near;

    for (int i = 0; i < MAIN_VERBS; i++)
        name[i] = main_verbs[i].name;
    near = hm_suggest(word, name, MAIN_VERBS);
    if (near != NULL) {
        hm_complain("unknown verb '%s'; did you mean '%s'?", word, near);
    } else {
        hm_complain("unknown verb '%s'; see `heapmark --help`", word);
    }
    return HM_EXIT_USAGE;
}

static bool main_is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0 ||
           strcmp(word, "-h") == 0;
}

static int main_run(int argc, char **argv)
{
    static char help[] = "--help";

    if (argc < 2) {
        hm_complain("no verb; see `heapmark --help`");
        return HM_EXIT_USAGE;
    }
    if (main_is_help(argv[1]) || strcmp(argv[1], "help") == 0) {
        main_help();
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("heapmark %s\n", HM_VERSION);
        return 0;
    }
    if (argc > 2 && main_is_help(argv[2]))
        argv[2] = help;
    for (int i = 0; i < MAIN_VERBS; i++) {
        if (strcmp(argv[1], main_verbs[i].name) == 0)
            return main_verbs[i].run(argc - 1, argv + 1);
    }
    return main_unknown(argv[1]);
}

int main(int argc, char **argv)
{
    int status = main_run(argc, argv);

    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    hm_complain("cannot write the output; is the disk full?");
    return status != 0 ? status : HM_EXIT_FAILED;
}
