/* SPDX-License-Identifier: MIT */
#include "harness/campaign/catalog.h"

#include "harness/campaign/library.h"
#include "harness/capture.h"
#include "harness/version.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where malloc comes from in `program` when `preload` ("" for none) is loaded
 * first; "" when that cannot be found out.  `runtime` (may be NULL): what its
 * runs are made by, "" when that is the program. */
static const char *probe_malloc(struct hm_pool *pool,
                                const struct hm_program *program,
                                const char *preload, const char **runtime)
{
    const char *argv[] = {program->path, "identity", NULL};
    const char *extra[2] = {NULL, NULL};
    char *text = NULL, *line;

    if (*preload != '\0')
        extra[0] = hm_pool_format(pool, "LD_PRELOAD=%s", preload);
    if (hm_capture(pool, argv, hm_clean_environment(pool, extra), false,
                   HM_CAPTURE_SECONDS, &text) != 0)
        return "";
    line = strsep(&text, "\n");
    if (runtime != NULL && text != NULL)
        *runtime = strsep(&text, "\n");
    return line;
}

/* Version of a Debian package, or "". */
static const char *probe_package(struct hm_pool *pool, const char *package)
{
    const char *argv[] = {"dpkg-query", "-W", "-f=${Version}", package, NULL};
    char *text = NULL;

    if (hm_capture(pool, argv, hm_clean_environment(pool, NULL), false,
                   HM_CAPTURE_SECONDS, &text) != 0)
        return "";
    text[strcspn(text, "\n ,")] = '\0';
    return text;
}

/* A library of ours lies beside the cells; a packaged one is found by its
 * soname. */
static void probe_find(struct hm_pool *pool, const struct hm_catalog *catalog,
                       struct hm_strategy *strategy)
{
    const char *beside =
        hm_pool_format(pool, "%s/%s", catalog->folder, strategy->preload);

    if (access(beside, R_OK) == 0)
        strategy->preload = beside;
}

static void probe_strategy(struct hm_pool *pool,
                           const struct hm_catalog *catalog,
                           struct hm_strategy *strategy)
{
    const char *runtime = "";
    const char *plain = probe_malloc(pool, strategy->program, "", &runtime);
    const char *loaded;
    bool packaged = *strategy->package != '\0' &&
                    strcmp(strategy->package, "heapmark") != 0;

    if (*strategy->preload == '\0') {
        bool libc = strcmp(strategy->id, "glibc") == 0;

        strategy->version = libc               ? gnu_get_libc_version()
                            : *runtime != '\0' ? runtime
                                               : HM_VERSION;
        strategy->malloc_path = libc ? plain : "";
        if (packaged && *plain == '\0') {
            strategy->off =
                hm_pool_format(pool, "install %s", strategy->package);
        }
        return;
    }
    probe_find(pool, catalog, strategy);
    loaded = probe_malloc(pool, strategy->program, strategy->preload, NULL);
    if (*loaded == '\0' || strcmp(loaded, plain) == 0) {
        strategy->off =
            packaged ? hm_pool_format(pool, "install %s", strategy->package)
                     : hm_pool_format(pool, "no %s beside the cells; build it",
                                      strategy->preload);
        return;
    }
    strategy->malloc_path = loaded;
    strategy->version =
        packaged ? probe_package(pool, strategy->package) : HM_VERSION;
}

void hm_catalog_probe(struct hm_pool *pool, struct hm_catalog *catalog)
{
    for (size_t i = 0; i < catalog->n_strategies; i++)
        probe_strategy(pool, catalog, catalog->strategy[i]);
}

/* "libmine.so.2" -> "mine". */
static char *probe_library_id(struct hm_pool *pool, const char *path)
{
    const char *name = strrchr(path, '/');
    char *id, *end;

    name = name != NULL ? name + 1 : path;
    if (strncmp(name, "lib", 3) == 0 && name[3] != '\0')
        name += 3;
    id = hm_pool_copy(pool, name);
    end = strstr(id, ".so");
    if (end != NULL && end != id)
        *end = '\0';
    for (char *c = id; *c != '\0'; c++) {
        if (strchr(",;\"' \t", *c) != NULL)
            *c = '_';
    }
    return id;
}

/* The program that serves every malloc: the one that has glibc. */
static const struct hm_program *probe_malloc_program(
    const struct hm_catalog *catalog)
{
    const struct hm_strategy *glibc = hm_catalog_strategy(catalog, "glibc");

    return glibc != NULL ? glibc->program : NULL;
}

static int probe_library(struct hm_pool *pool, const char *path,
                         const struct hm_program *program, const char **why)
{
    char cause[256];
    const char *loaded;
    int error = hm_library_check(path, cause, sizeof cause);

    if (error != 0) {
        *why = hm_pool_copy(pool, cause);
        return error;
    }
    loaded = probe_malloc(pool, program, path, NULL);
    if (strcmp(loaded, path) == 0)
        return 0;
    if (*loaded == '\0') {
        *why = "a program cannot start with it preloaded";
    } else if (strcmp(loaded, probe_malloc(pool, program, "", NULL)) == 0) {
        *why = "it exports no malloc";
    } else {
        *why = hm_pool_format(pool, "malloc then comes from %s; name that file",
                              loaded);
    }
    return -ENOENT;
}

int hm_catalog_add_library(struct hm_pool *pool, struct hm_catalog *catalog,
                           const char *path, struct hm_strategy **strategy,
                           const char **why)
{
    const struct hm_program *program = probe_malloc_program(catalog);
    struct hm_strategy *added = hm_pool_alloc(pool, sizeof *added);
    char real[PATH_MAX];
    int error;

    if (realpath(path, real) == NULL) {
        *why = errno == ENOENT ? "there is no such file" : "cannot be opened";
        return -errno;
    }
    added->id = probe_library_id(pool, path);
    if (program == NULL || hm_catalog_strategy(catalog, added->id) != NULL) {
        *why = hm_pool_format(pool,
                              "the id '%s' is taken; copy or link it "
                              "under another name",
                              added->id);
        return -EEXIST;
    }
    error = probe_library(pool, real, program, why);
    if (error != 0)
        return error;
    added->cell_id = "glibc";
    added->class_name = "allocator";
    added->preload = added->malloc_path = hm_pool_copy(pool, real);
    added->package = added->version = "";
    added->summary = hm_pool_format(pool, "the malloc of %s", real);
    added->program = program;
    catalog->strategy =
        hm_pool_grow(pool, catalog->strategy, catalog->n_strategies,
                     sizeof(struct hm_strategy *));
    catalog->strategy[catalog->n_strategies++] = added;
    *strategy = added;
    return 0;
}
