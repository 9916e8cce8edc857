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

uint64_t hm_cell_used_bytes(void)
{
    union used_hook hook;

    if (used_has(&hook, "mallctl"))
        return used_of_jemalloc(&hook);
    if (used_has(&hook, "MallocExtension_GetNumericProperty"))
        return used_of_tcmalloc(&hook);
#ifdef __GLIBC__
    if (used_has(&hook, "mallinfo2")) {
        struct mallinfo2 info = hook.info();

        return info.uordblks + info.hblkhd; /* of arenas, and mapped alone */
    }
#endif
    return HM_UNKNOWN_BYTES;
}
