/* SPDX-License-Identifier: MIT */
/* cell_runtime.c -- the runtime of a cell in C is the malloc in use: what it
 * says of itself, by the queries that jemalloc, mimalloc and gperftools
 * document for it. */
#include "common/os.h"
#include "harness/cell/cell.h"
#include "harness/cell/cell_writer.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RUNTIME_TEXT_BYTES = 128 };

/* A function as dlsym returns it. */
union runtime_query {
    void *symbol;
    int (*mi_version)(void);
    int (*mallctl)(const char *name, void *old, size_t *old_bytes, void *new,
                   size_t new_bytes);
    const char *(*tc_version)(int *major, int *minor, const char **patch);
};

/* 209 is 2.0.9. */
static void runtime_mimalloc(union runtime_query query, char *text)
{
    int number = query.mi_version();

    (void)snprintf(text, RUNTIME_TEXT_BYTES, "%d.%d.%d", number / 100,
                   number / 10 % 10, number % 10);
}

/* "5.3.0-0-g..." is the release itself: what follows names its commit. */
static void runtime_jemalloc(union runtime_query query, char *text)
{
    const char *version = NULL;
    size_t bytes = sizeof version;
    char *commit;

    if (query.mallctl("version", &version, &bytes, NULL, 0) != 0 ||
        version == NULL)
        return;
    (void)snprintf(text, RUNTIME_TEXT_BYTES, "%s", version);
    commit = strstr(text, "-0-g");
    if (commit != NULL)
        *commit = '\0';
}

static void runtime_tcmalloc(union runtime_query query, char *text)
{
    int major = 0, minor = 0;
    const char *patch = "";

    (void)query.tc_version(&major, &minor, &patch);
    (void)snprintf(text, RUNTIME_TEXT_BYTES, "%d.%d%s", major, minor, patch);
}

static const struct {
    const char *symbol;
    void (*ask)(union runtime_query query, char *text);
} runtime_known[] = {
    {"mi_version", runtime_mimalloc},
    {"mallctl", runtime_jemalloc},
    {"tc_version", runtime_tcmalloc},
};

/* A library that is there but does not serve malloc is not asked. */
static int runtime_serves(const void *symbol)
{
    char own[PATH_MAX], malloc_path[PATH_MAX];

    if (symbol == NULL || hm_os_file_of(symbol, own, sizeof own) != 0)
        return 0;
    return hm_cell_identity_check(NULL, malloc_path) == NULL &&
           strcmp(own, malloc_path) == 0;
}

int hm_cell_runtime(void)
{
    static struct hm_cell_writer out;
    char text[RUNTIME_TEXT_BYTES] = "";

    for (size_t i = 0; i < sizeof runtime_known / sizeof runtime_known[0];
         i++) {
        union runtime_query query = {
            .symbol = dlsym(RTLD_DEFAULT, runtime_known[i].symbol)};

        if (runtime_serves(query.symbol)) {
            runtime_known[i].ask(query, text);
            break;
        }
    }
    hm_cell_writer_init(&out, STDOUT_FILENO);
    if (text[0] != '\0')
        hm_cell_write(&out, "%s\n", text);
    return hm_cell_writer_end(&out) == 0 ? 0 : 1;
}
