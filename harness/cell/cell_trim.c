/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_trim.h"

#include <dlfcn.h>
#include <stdbool.h>
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

static bool trim_has(union trim_hook *hook, const char *symbol)
{
    hook->address = dlsym(RTLD_DEFAULT, symbol);
    return hook->address != NULL;
}

void hm_cell_trim(void)
{
    union trim_hook hook;

    if (trim_has(&hook, "mi_collect")) {
        hook.collect(true);
    } else if (trim_has(&hook, "MallocExtension_ReleaseFreeMemory")) {
        hook.release();
    } else if (trim_has(&hook, "mallctl")) {
        (void)hook.control("arena.4096.purge", NULL, NULL, NULL, 0); /* all */
    } else if (trim_has(&hook, "scalable_allocation_command")) {
        (void)hook.command(0, NULL); /* TBBMALLOC_CLEAN_ALL_BUFFERS */
    } else if (trim_has(&hook, "malloc_trim")) {
        (void)hook.trim(0);
    }
}
