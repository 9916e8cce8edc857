/* SPDX-License-Identifier: MIT */
#include "harness/cmd_folder.h"

#include "harness/suggest.h"
#include "harness/verbs.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

error_t hm_folder_key(int key, const char *argument, const char **folder)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (*folder != NULL) {
            hm_complain("one folder at a time, not '%s' and '%s'", *folder,
                        argument);
            return EINVAL;
        }
        *folder = argument;
        return 0;
    case ARGP_KEY_END:
        if (*folder == NULL)
            hm_complain("which campaign? give its folder");
        return *folder == NULL ? EINVAL : 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int hm_folder_parse(const struct argp *parser, const char *name, int argc,
                    char **argv, void *input)
{
    char shown[64], *program = argv[0];
    int error;

    (void)snprintf(shown, sizeof shown, "%s", name);
    argp_err_exit_status = HM_EXIT_USAGE;
    argv[0] = shown;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the driver has one thread. */
    error = argp_parse(parser, argc, argv, 0, NULL, input);
    argv[0] = program;
    return error == 0 ? 0 : HM_EXIT_USAGE;
}

int hm_folder_check(const char *folder)
{
    char path[PATH_MAX];

    (void)snprintf(path, sizeof path, "%s/runs.csv", folder);
    if (access(path, F_OK) == 0)
        return 0;
    hm_complain("%s holds no campaign (no runs.csv); give a folder that "
                "heapmark run made",
                folder);
    return HM_EXIT_FAILED;
}
