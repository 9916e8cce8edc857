/* SPDX-License-Identifier: MIT */
/* cell_main.c -- main() of every cell program. */
#include "harness/cell/cell.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void hm_cell_complain(const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): just above */
    (void)vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
}

static int main_usage(void)
{
    hm_cell_complain("usage: list | identity | run WORKLOAD KEY=VALUE...; the "
                     "keys are in docs/protocol.md");
    return HM_CELL_EXIT_USAGE;
}

static int main_run(char **word)
{
    static struct hm_cell_args args;

    if (hm_cell_args_read(&args, word) != 0)
        return HM_CELL_EXIT_USAGE;
    return args.object != NULL ? hm_cell_run_object(&args)
                               : hm_cell_run_block(&args);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return hm_cell_list();
    if (argc == 2 && strcmp(argv[1], "identity") == 0)
        return hm_cell_identity();
    if (argc >= 3 && strcmp(argv[1], "run") == 0)
        return main_run(argv + 2);
    return main_usage();
}
