/* SPDX-License-Identifier: MIT */
/* cell_node_addon.c -- what a script cannot do and every cell does: say where
 * malloc comes from in the very process that is measured, ask it to trim, and
 * note collections where they happen.  Node.js loads this as a native module.
 *
 * Node-API is stable and its C functions are few, so their declarations stand
 * here; the headers are in no package that runs need. */
#include "harness/cell/cell.h"
#include "harness/cell/cell_node_gc.h"
#include "harness/cell/cell_trim.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(readability-identifier-naming): Node-API's own names. */
typedef struct napi_env_ *napi_env;
typedef struct napi_value_ *napi_value;
typedef struct napi_info_ *napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);

/* Each returns 0 when it has succeeded. */
int napi_create_function(napi_env env, const char *name, size_t length,
                         napi_callback call, void *data, napi_value *result);
int napi_create_string_utf8(napi_env env, const char *text, size_t length,
                            napi_value *result);
int napi_get_cb_info(napi_env env, napi_callback_info info, size_t *n_args,
                     napi_value *args, napi_value *receiver, void **data);
int napi_get_value_string_utf8(napi_env env, napi_value value, char *text,
                               size_t text_bytes, size_t *length);
int napi_set_named_property(napi_env env, napi_value object, const char *name,
                            napi_value value);

/* What Node.js calls. */
napi_value napi_register_module_v1(napi_env env, napi_value exports);

/* NOLINTEND(readability-identifier-naming) */

static const char *addon_malloc_path(const char *unused)
{
    static char path[PATH_MAX];

    (void)unused;
    (void)hm_cell_identity_check(NULL, path);
    return path;
}

/* Why malloc is not that of the file; "" when it is. */
static const char *addon_other_malloc(const char *expected)
{
    static char path[PATH_MAX];
    const char *why = hm_cell_identity_check(expected, path);

    return why != NULL ? why : "";
}

/* "" when the malloc in use cannot be asked to. */
static const char *addon_trim(const char *unused)
{
    (void)unused;
    return hm_cell_trim() ? "trimmed" : "";
}

/* "", or why it cannot be. */
static const char *addon_watch_collections(const char *unused)
{
    (void)unused;
    return hm_cell_node_gc_watch() == 0
               ? ""
               : "this V8 does not tell of its collections";
}

static const char *addon_count_collections(const char *on)
{
    hm_cell_node_gc_count(*on != '\0');
    return "";
}

/* "", or why they could not be written to the file descriptor. */
static const char *addon_write_collections(const char *fd)
{
    int error = hm_cell_node_gc_write((int)strtol(fd, NULL, 10));

    return error == 0 ? "" : strerrordesc_np(-error);
}

static napi_value addon_text(napi_env env, const char *text)
{
    napi_value value;

    return napi_create_string_utf8(env, text, SIZE_MAX, &value) == 0 ? value
                                                                     : NULL;
}

/* A function of a script: takes a text or nothing and returns a text. */
struct addon_function {
    const char *name;
    const char *(*call)(const char *argument);
};

static struct addon_function addon_functions[] = {
    {"mallocPath", addon_malloc_path},
    {"otherMalloc", addon_other_malloc},
    {"trim", addon_trim},
    {"watchCollections", addon_watch_collections},
    {"countCollections", addon_count_collections},
    {"writeCollections", addon_write_collections},
};

static napi_value addon_call(napi_env env, napi_callback_info info)
{
    char argument[PATH_MAX] = "";
    const struct addon_function *function;
    napi_value value = NULL;
    size_t n_args = 1, length;
    void *data;

    if (napi_get_cb_info(env, info, &n_args, &value, NULL, &data) != 0)
        return NULL;
    function = data;
    if (n_args > 0) {
        (void)napi_get_value_string_utf8(env, value, argument, sizeof argument,
                                         &length);
    }
    return addon_text(env, function->call(argument));
}

static int addon_export(napi_env env, napi_value exports, const char *name,
                        napi_callback call, void *data)
{
    napi_value value;

    return napi_create_function(env, name, SIZE_MAX, call, data, &value) != 0 ||
           napi_set_named_property(env, exports, name, value) != 0;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
    int failed = 0;

    for (size_t i = 0; i < sizeof(addon_functions) / sizeof(addon_functions[0]);
         i++) {
        struct addon_function *function = &addon_functions[i];

        failed |=
            addon_export(env, exports, function->name, addon_call, function);
    }
    return failed ? NULL : exports;
}
