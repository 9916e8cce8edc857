/* SPDX-License-Identifier: MIT */
/* cell_identity.c -- which library really serves malloc. */
#include "common/os.h"
#include "harness/cell/cell.h"
#include "harness/cell/cell_bound.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const identity_symbol[] = {"malloc", "calloc", "realloc",
                                              "free"};

static int identity_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

static void identity_path_of(const void *address, char path[PATH_MAX])
{
    if (address == NULL || hm_os_file_of(address, path, PATH_MAX) != 0)
        path[0] = '\0';
}

/* dlsym, because the address of malloc in this program may be that of a stub
 * of our own; and in another program even so, then what counts is where that
 * stub leads. */
static void identity_file_of(const char *symbol, char path[PATH_MAX])
{
    const void *bound;

    identity_path_of(dlsym(RTLD_DEFAULT, symbol), path);
    if (!identity_same_file(path, "/proc/self/exe"))
        return;
    bound = hm_cell_bound(symbol);
    if (bound != NULL) /* else no stub: the program itself has it */
        identity_path_of(bound, path);
}

const char *hm_cell_identity_check(const char *expected, char path[PATH_MAX])
{
    static char why[2 * PATH_MAX + 64], other[PATH_MAX];

    identity_file_of("malloc", path);
    if (expected == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(identity_symbol) / sizeof(char *); i++) {
        identity_file_of(identity_symbol[i], other);
        if (!identity_same_file(expected, other)) {
            (void)snprintf(why, sizeof(why), "%s comes from %s, not from %s",
                           identity_symbol[i], other, expected);
            return why;
        }
    }
    return NULL;
}

bool hm_cell_identity_has(const char *symbol)
{
    char path[PATH_MAX], other[PATH_MAX];

    identity_file_of("malloc", path);
    identity_path_of(dlsym(RTLD_DEFAULT, symbol), other);
    return identity_same_file(path, other);
}
