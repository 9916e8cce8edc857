/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_used.h"

#include "common/os.h"
#include "harness/cell/cell_record.h"

#include <dlfcn.h>
#include <limits.h>
#include <malloc.h>
#include <string.h>

union used_hook {
    void *address;
    int (*control)(const char *name, void *old_value, size_t *old_bytes,
                   void *new_value, size_t new_bytes);
    int (*property)(const char *name, size_t *value);
#ifdef __GLIBC__
    struct mallinfo2 (*info)(void);
#endif
};

/* Whether the library that malloc comes from has this function: another one's
 * would tell of another malloc. */
static int used_has(union used_hook *hook, const char *symbol)
{
    static char path[PATH_MAX], malloc_path[PATH_MAX];
    void *malloc_address = dlsym(RTLD_DEFAULT, "malloc");

    hook->address = dlsym(RTLD_DEFAULT, symbol);
    return hook->address != NULL && malloc_address != NULL &&
           hm_os_file_of(hook->address, path, PATH_MAX) == 0 &&
           hm_os_file_of(malloc_address, malloc_path, PATH_MAX) == 0 &&
           strcmp(path, malloc_path) == 0;
}

/* jemalloc's figures are those of the last time its epoch was set. */
static uint64_t used_of_jemalloc(const union used_hook *hook)
{
    uint64_t epoch = 1;
    size_t value = 0, bytes = sizeof value;

    if (hook->control("epoch", NULL, NULL, &epoch, sizeof epoch) != 0 ||
        hook->control("stats.allocated", &value, &bytes, NULL, 0) != 0)
        return HM_UNKNOWN_BYTES;
    return value;
}

static uint64_t used_of_tcmalloc(const union used_hook *hook)
{
    size_t value = 0;

    return hook->property("generic.current_allocated_bytes", &value)
               ? value
               : HM_UNKNOWN_BYTES;
}

#ifdef __GLIBC__
static uint64_t used_of_glibc(const union used_hook *hook)
{
    struct mallinfo2 info = hook->info();

    return info.uordblks + info.hblkhd; /* of arenas, and mapped alone */
}
#endif

static const struct used_door {
    const char *symbol;
    uint64_t (*bytes)(const union used_hook *hook);
} used_doors[] = {
    {"mallctl", used_of_jemalloc},
    {"MallocExtension_GetNumericProperty", used_of_tcmalloc},
#ifdef __GLIBC__
    {"mallinfo2", used_of_glibc},
#endif
};

static union used_hook used_found;
static const struct used_door *used_by; /* NULL: it tells nothing */

void hm_cell_used_find(void)
{
    const size_t n = sizeof used_doors / sizeof used_doors[0];

    used_by = NULL;
    for (size_t i = 0; i < n && used_by == NULL; i++) {
        if (used_has(&used_found, used_doors[i].symbol))
            used_by = &used_doors[i];
    }
}

uint64_t hm_cell_used_bytes(void)
{
    return used_by != NULL ? used_by->bytes(&used_found) : HM_UNKNOWN_BYTES;
}
