/* SPDX-License-Identifier: MIT */
/* cell_args.c -- the words after `CELL run`. */
#include "collectors/collector.h"
#include "harness/cell/cell.h"
#include "workloads/block.h"
#include "workloads/object.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_DEFAULT_SEED = 12345, ARGS_POLL_US_MAX = 1000000 };

static const struct hm_param *args_params(const struct hm_cell_args *args)
{
    return args->object != NULL ? args->object->params : args->block->params;
}

static int args_workload(struct hm_cell_args *args, const char *name)
{
    for (size_t i = 0; hm_objects[i] != NULL; i++) {
        if (strcmp(hm_objects[i]->name, name) == 0)
            args->object = hm_objects[i];
    }
    for (size_t i = 0; hm_blocks[i] != NULL; i++) {
        if (strcmp(hm_blocks[i]->name, name) == 0)
            args->block = hm_blocks[i];
    }
    if (args->object == NULL && args->block == NULL) {
        hm_cell_complain("no workload '%s' here; `list` names them", name);
        return -1;
    }
    return 0;
}

/* A number within [0, max]; complains otherwise. */
static int args_number(const char *key, const char *text, uint64_t max,
                       uint64_t *number)
{
    uint64_t n = 0;
    int error = hm_params_number(text, &n);

    if (error == -EINVAL) {
        hm_cell_complain("%s=%s: not a whole number (K, M and G may follow)",
                         key, text);
        return -1;
    }
    if (error != 0 || n > max) {
        hm_cell_complain("%s=%s: above %llu", key, text,
                         (unsigned long long)max);
        return -1;
    }
    *number = n;
    return 0;
}

static int args_strategy(struct hm_cell_args *args, const char *id)
{
    args->strategy = id;
    return 0;
}

static int args_malloc(struct hm_cell_args *args, const char *path)
{
    if (access(path, F_OK) != 0) {
        hm_cell_complain("malloc=%s: %s", path, strerrordesc_np(errno));
        return -1;
    }
    args->malloc_path = path;
    return 0;
}

static int args_seed(struct hm_cell_args *args, const char *text)
{
    uint64_t n;

    if (args_number("seed", text, UINT32_MAX, &n) != 0)
        return -1;
    args->seed = (uint32_t)n;
    return 0;
}

static int args_size(struct hm_cell_args *args, const char *word)
{
    args->full = strcmp(word, "full") == 0;
    if (args->full || strcmp(word, "quick") == 0)
        return 0;
    hm_cell_complain("size=%s: neither quick nor full", word);
    return -1;
}

static int args_threads(struct hm_cell_args *args, const char *text)
{
    uint64_t n;

    if (args_number("threads", text, UINT16_MAX, &n) != 0)
        return -1;
    if (n == 0) {
        hm_cell_complain("threads=0: at least one thread must run");
        return -1;
    }
    args->threads = (unsigned)n;
    return 0;
}

static int args_heap(struct hm_cell_args *args, const char *text)
{
    return args_number("heap_bytes", text, SIZE_MAX, &args->heap_bytes);
}

static int args_stress(struct hm_cell_args *args, const char *text)
{
    return args_number("stress_bytes", text, SIZE_MAX, &args->stress_bytes);
}

/* An open loop, for workloads whose operations can arrive. */
static int args_rate(struct hm_cell_args *args, const char *text)
{
    if (args_number("rate_per_s", text, HM_SCHEDULE_RATE_MAX,
                    &args->rate_per_s) != 0)
        return -1;
    if (args->rate_per_s == 0 ||
        (args->object != NULL && args->object->has_arrivals))
        return 0;
    hm_cell_complain(
        "rate_per_s=%s: the operations of %s do not arrive; it "
        "has a closed loop only",
        text, args->object != NULL ? args->object->name : args->block->name);
    return -1;
}

/* Where a wait may come between two samples, a turn may. */
static int args_poll(struct hm_cell_args *args, const char *text)
{
    if (args_number("poll_us", text, ARGS_POLL_US_MAX, &args->poll_us) != 0)
        return -1;
    if (args->poll_us == 0 ||
        (args->object != NULL && args->object->has_arrivals))
        return 0;
    hm_cell_complain("poll_us=%s: %s has no turns between its operations", text,
                     args->object != NULL ? args->object->name
                                          : args->block->name);
    return -1;
}

static int args_verify(struct hm_cell_args *args, const char *text)
{
    uint64_t n;

    if (args_number("verify", text, 1, &n) != 0)
        return -1;
    args->verify = (int)n;
    return 0;
}

static int args_input_dir(struct hm_cell_args *args, const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
    } else if (access(path, R_OK | W_OK | X_OK) == 0) {
        args->input_dir = path;
        return 0;
    }
    hm_cell_complain("input_dir=%s: %s; name a folder that can be written",
                     path, strerrordesc_np(errno));
    return -1;
}

static int args_fd(const char *key, const char *text, int *fd)
{
    uint64_t n;

    if (args_number(key, text, INT_MAX, &n) != 0)
        return -1;
    if (fcntl((int)n, F_GETFD) < 0) {
        hm_cell_complain("%s=%s: no such open file", key, text);
        return -1;
    }
    *fd = (int)n;
    return 0;
}

static int args_record_fd(struct hm_cell_args *args, const char *text)
{
    return args_fd("record_fd", text, &args->record_fd);
}

static int args_progress_fd(struct hm_cell_args *args, const char *text)
{
    struct stat st;

    if (args_fd("progress_fd", text, &args->progress_fd) != 0)
        return -1;
    if (fstat(args->progress_fd, &st) == 0 &&
        st.st_size >= sysconf(_SC_PAGESIZE))
        return 0;
    hm_cell_complain("progress_fd=%s: not a file of at least one page", text);
    return -1;
}

static const struct args_key {
    const char *name;
    int (*read)(struct hm_cell_args *args, const char *value);
} args_keys[] = {
    {"strategy", args_strategy},
    {"malloc", args_malloc},
    {"seed", args_seed},
    {"size", args_size},
    {"threads", args_threads},
    {"heap_bytes", args_heap},
    {"stress_bytes", args_stress},
    {"rate_per_s", args_rate},
    {"poll_us", args_poll},
    {"verify", args_verify},
    {"input_dir", args_input_dir},
    {"record_fd", args_record_fd},
    {"progress_fd", args_progress_fd},
    {NULL, NULL},
};

/* `name` plus "=" at the start of `word`: what follows, else NULL. */
static const char *args_value(const char *word, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(word, name, length) != 0 || word[length] != '=')
        return NULL;
    return word + length + 1;
}

static int args_is_param(const char *word)
{
    return strncmp(word, "param.", 6) == 0 || strncmp(word, "option.", 7) == 0;
}

static int args_plain(struct hm_cell_args *args, const char *word)
{
    for (const struct args_key *key = args_keys; key->name != NULL; key++) {
        const char *value = args_value(word, key->name);

        if (value != NULL)
            return key->read(args, value);
    }
    hm_cell_complain("unknown key '%s'; keys are strategy malloc seed size "
                     "param.NAME option.NAME threads heap_bytes stress_bytes "
                     "rate_per_s poll_us verify input_dir record_fd "
                     "progress_fd, each with =VALUE",
                     word);
    return -1;
}

static void args_complain_range(const struct hm_param *table, const char *word)
{
    const char *pair = strchr(word, '.') + 1;

    for (; table->name != NULL; table++) {
        if (args_value(pair, table->name) != NULL) {
            hm_cell_complain("%s: outside %llu..%llu", word,
                             (unsigned long long)table->min,
                             (unsigned long long)table->max);
        }
    }
}

/* param.NAME=NUMBER and option.NAME=NUMBER. */
static int args_param(struct hm_cell_args *args, const char *word)
{
    int is_option = word[0] == 'o';
    const struct hm_param *table =
        is_option ? hm_collector_this.params : args_params(args);
    int error = hm_params_set(table, strchr(word, '.') + 1,
                              is_option ? args->option : args->value);

    if (error == -ENOENT) {
        hm_cell_complain("%s: no such %s; `list` names them", word,
                         is_option ? "option" : "parameter");
    } else if (error == -EINVAL) {
        hm_cell_complain("%s: not a whole number (K, M and G may follow)",
                         word);
    } else if (error != 0) {
        args_complain_range(table, word);
    }
    return error == 0 ? 0 : -1;
}

static void args_defaults(struct hm_cell_args *args)
{
    *args = (struct hm_cell_args){
        .input_dir = ".",
        .seed = ARGS_DEFAULT_SEED,
        .threads = 1,
        .record_fd = STDOUT_FILENO,
        .progress_fd = -1,
    };
}

/* The path of malloc says which strategy it is as well as an id of the list: a
 * user's own library has only that. */
static int args_strategy_known(const struct hm_cell_args *args)
{
    const struct hm_cell_strategy *known = hm_cell_strategies;
    int has_several = known[0].id != NULL && known[1].id != NULL;

    if (args->malloc_path != NULL || (args->strategy == NULL && !has_several))
        return 0;
    if (args->strategy == NULL) {
        hm_cell_complain(
            "say which strategy this is: strategy=ID or malloc=PATH");
        return -1;
    }
    for (; known->id != NULL; known++) {
        if (strcmp(known->id, args->strategy) == 0)
            return 0;
    }
    hm_cell_complain("no strategy '%s' here; `list` names them",
                     args->strategy);
    return -1;
}

int hm_cell_args_read(struct hm_cell_args *args, char **word)
{
    args_defaults(args);
    if (args_workload(args, *word++) != 0)
        return -1;
    for (char **w = word; *w != NULL; w++) {
        if (!args_is_param(*w) && args_plain(args, *w) != 0)
            return -1;
    }
    if (args_strategy_known(args) != 0)
        return -1;
    hm_params_defaults(args_params(args), args->full, args->value);
    hm_params_defaults(hm_collector_this.params, args->full, args->option);
    for (char **w = word; *w != NULL; w++) {
        if (args_is_param(*w) && args_param(args, *w) != 0)
            return -1;
    }
    return 0;
}
