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

/* What a cell says of its malloc: "" for what cannot be found out. */
struct probe_identity {
    const char *path,
        *version; /* the version is its runtime's, if it has one */
};

/* Asks `program` with `preload` ("" for none) loaded first. */
static struct probe_identity probe_ask(struct hm_pool *pool,
                                       const struct hm_program *program,
                                       const char *preload)
{
    const char *argv[] = {program->path, "identity", NULL};
    const char *extra[2] = {NULL, NULL};
    struct probe_identity identity = {"", ""};
    char *text = NULL;

    if (*preload != '\0')
        extra[0] = hm_pool_format(pool, "LD_PRELOAD=%s", preload);
    if (hm_capture(pool, argv, hm_clean_environment(pool, extra), false,
                   HM_CAPTURE_SECONDS, &text) != 0)
        return identity;
    identity.path = strsep(&text, "\n");
    if (text != NULL)
        identity.version = strsep(&text, "\n");
    return identity;
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

/* "2.8" of "libx.so.2.8"; "" when the name ends in ".so". */
static const char *probe_name_version(const char *path)
{
    const char *suffix = strstr(path, ".so.");

    return suffix != NULL ? suffix + strlen(".so.") : "";
}

static bool probe_is_packaged(const struct hm_strategy *strategy)
{
    return *strategy->package != '\0' &&
           strcmp(strategy->package, "heapmark") != 0;
}

/* The version is what the library tells, else what its package or its name
 * says. */
static void probe_set_malloc(struct hm_pool *pool, struct hm_strategy *strategy,
                             struct probe_identity identity)
{
    strategy->malloc_path = identity.path;
    strategy->version = identity.version;
    if (probe_is_packaged(strategy))
        strategy->package_version = probe_package(pool, strategy->package);
    if (*strategy->version == '\0')
        strategy->version = strategy->package_version;
    if (*strategy->version == '\0')
        strategy->version = probe_name_version(identity.path);
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

/* glibc, a collector, another C library or another runtime. */
static void probe_plain(struct hm_pool *pool, struct hm_strategy *strategy,
                        struct probe_identity plain)
{
    if (strcmp(strategy->id, "glibc") == 0) {
        strategy->version = gnu_get_libc_version();
        strategy->malloc_path = plain.path;
        return;
    }
    if (!probe_is_packaged(strategy)) {
        strategy->version = *plain.version != '\0' ? plain.version : HM_VERSION;
    } else if (*plain.path == '\0') {
        strategy->off = hm_pool_format(pool, "install %s", strategy->package);
    } else {
        probe_set_malloc(pool, strategy, plain);
        if (hm_strategy_collects(strategy))
            strategy->malloc_path = ""; /* its memory is not from there */
    }
}

static void probe_strategy(struct hm_pool *pool,
                           const struct hm_catalog *catalog,
                           struct hm_strategy *strategy,
                           struct probe_identity plain)
{
    struct probe_identity loaded;

    if (*strategy->preload == '\0') {
        probe_plain(pool, strategy, plain);
        return;
    }
    probe_find(pool, catalog, strategy);
    loaded = probe_ask(pool, strategy->program, strategy->preload);
    if (*loaded.path == '\0' || strcmp(loaded.path, plain.path) == 0) {
        strategy->off =
            probe_is_packaged(strategy)
                ? hm_pool_format(pool, "install %s", strategy->package)
                : hm_pool_format(pool, "no %s beside the cells; build it",
                                 strategy->preload);
        return;
    }
    probe_set_malloc(pool, strategy, loaded);
    if (!probe_is_packaged(strategy))
        strategy->version = HM_VERSION;
}

void hm_catalog_probe(struct hm_pool *pool, struct hm_catalog *catalog)
{
    const struct hm_program *asked = NULL;
    struct probe_identity plain = {"", ""};

    for (size_t i = 0; i < catalog->n_strategies; i++) {
        struct hm_strategy *strategy = catalog->strategy[i];

        if (strategy->program != asked) /* those of one follow each other */
            plain = probe_ask(pool, strategy->program, "");
        asked = strategy->program;
        probe_strategy(pool, catalog, strategy, plain);
    }
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

/* Asks `program` with the library preloaded, if that can be. */
static int probe_library(struct hm_pool *pool, const char *path,
                         const struct hm_program *program,
                         struct probe_identity *loaded, const char **why)
{
    char cause[256];
    int error = hm_library_check(path, cause, sizeof cause);

    if (error != 0) {
        *why = hm_pool_copy(pool, cause);
        return error;
    }
    *loaded = probe_ask(pool, program, path);
    if (strcmp(loaded->path, path) == 0)
        return 0;
    if (*loaded->path == '\0') {
        *why = "a program cannot start with it preloaded";
    } else if (strcmp(loaded->path, probe_ask(pool, program, "").path) == 0) {
        *why = "it exports no malloc";
    } else {
        *why = hm_pool_format(pool, "malloc then comes from %s; name that file",
                              loaded->path);
    }
    return -ENOENT;
}

int hm_catalog_add_library(struct hm_pool *pool, struct hm_catalog *catalog,
                           const char *path, struct hm_strategy **strategy,
                           const char **why)
{
    const struct hm_program *program = probe_malloc_program(catalog);
    struct hm_strategy *added = hm_pool_alloc(pool, sizeof *added);
    struct probe_identity loaded;
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
    error = probe_library(pool, real, program, &loaded, why);
    if (error != 0)
        return error;
    added->cell_id = "glibc";
    added->class_name = "allocator";
    added->preload = hm_pool_copy(pool, real);
    added->package = added->package_version = "";
    added->summary = hm_pool_format(pool, "the malloc of %s", real);
    added->program = program;
    probe_set_malloc(pool, added, loaded);
    catalog->strategy =
        hm_pool_grow(pool, catalog->strategy, catalog->n_strategies,
                     sizeof(struct hm_strategy *));
    catalog->strategy[catalog->n_strategies++] = added;
    *strategy = added;
    return 0;
}
