/* SPDX-License-Identifier: MIT */
#include "harness/program_folder.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool program_is_folder(const char *path)
{
    return access(path, R_OK | X_OK) == 0;
}

const char *hm_program_folder(struct hm_pool *pool, const char *part)
{
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    bool cells = strcmp(part, "cells") == 0;
    const char *installed, *beside;

    if (bytes < 0)
        return ".";
    self[bytes] = '\0';
    *strrchr(self, '/') = '\0';
    beside = cells ? hm_pool_copy(pool, self)
                   : hm_pool_format(pool, "%s/%s", self, part);
    installed =
        cells ? hm_pool_format(pool, "%s/../libexec/heapmark", self)
              : hm_pool_format(pool, "%s/../share/heapmark/%s", self, part);
    if (cells)
        return program_is_folder(installed) ? installed : beside;
    return program_is_folder(beside) ? beside : installed;
}
