/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_trim.h"

#include "harness/cell/cell.h"

#include <dlfcn.h>
#include <stddef.h>

union trim_hook {
    void *address;
    void (*collect)(bool force);
    void (*release)(void);
    int (*control)(const char *name, void *old_value, size_t *old_bytes,
                   void *new_value, size_t new_bytes);
    int (*command)(int command, void *argument);
    int (*trim)(size_t pad_bytes);
};

/* A process may hold several mallocs: a hook is that of the malloc in use when
 * `sign` lies in the same file as that. */
static bool trim_has_beside(union trim_hook *hook, const char *symbol,
                            const char *sign)
{
    hook->address =
        hm_cell_identity_has(sign) ? dlsym(RTLD_DEFAULT, symbol) : NULL;
    return hook->address != NULL;
}

static bool trim_has(union trim_hook *hook, const char *symbol)
{
    return trim_has_beside(hook, symbol, symbol);
}

bool hm_cell_trim(void)
{
    union trim_hook hook;

    if (trim_has(&hook, "mi_collect")) {
        hook.collect(true);
    } else if (trim_has(&hook, "MallocExtension_ReleaseFreeMemory")) {
        hook.release();
    } else if (trim_has(&hook, "mallctl")) {
        (void)hook.control("arena.4096.purge", NULL, NULL, NULL, 0); /* all */
    } else if (trim_has_beside(&hook, "scalable_allocation_command",
                               "__TBB_malloc_proxy")) { /* two libraries */
        (void)hook.command(0, NULL); /* TBBMALLOC_CLEAN_ALL_BUFFERS */
    } else if (trim_has(&hook, "malloc_trim")) {
        (void)hook.trim(0);
    } else {
        return false;
    }
    return true;
}
