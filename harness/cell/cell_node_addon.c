/* SPDX-License-Identifier: MIT */
/* cell_node_addon.c -- what a script cannot do and every cell does: say where
 * malloc comes from in the very process that is measured, and ask it to trim.
 * Node.js loads this as a native module.
 *
 * Node-API is stable and its C functions are few, so their declarations stand
 * here; the headers are in no package that runs need. */
#include "harness/cell/cell.h"
#include "harness/cell/cell_trim.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

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

static const char *addon_trim(const char *unused)
{
    (void)unused;
    hm_cell_trim();
    return "";
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
    return napi_create_string_utf8(env, function->call(argument), SIZE_MAX,
                                   &value) == 0
               ? value
               : NULL;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
    for (size_t i = 0; i < sizeof(addon_functions) / sizeof(addon_functions[0]);
         i++) {
        struct addon_function *function = &addon_functions[i];
        napi_value value;

        if (napi_create_function(env, function->name, SIZE_MAX, addon_call,
                                 function, &value) != 0 ||
            napi_set_named_property(env, exports, function->name, value) != 0)
            return NULL;
    }
    return exports;
}
