/* SPDX-License-Identifier: MIT */
#include "harness/campaign/extra.h"

#include "harness/campaign/icount.h"
#include "harness/campaign/measure_rows.h"
#include "harness/campaign/syscalls.h"
#include "harness/program_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { EXTRA_TIMES = 200 }; /* as long such a run may take */

struct extra_run {
    struct hm_pool *pool;
    const struct hm_measure *measure;
    struct hm_run_key key;
    const char *tool;
    struct hm_row *row;
};

/* begin changes how the run is started, take reads what it told: both return
 * why they cannot, or NULL.  take is called after a run that failed, too. */
struct extra {
    const char *what, *program, *under;
    const char *(*begin)(const struct extra_run *run, struct hm_launch *launch);
    const char *(*take)(const struct extra_run *run, bool is_ok);
};

static const char *extra_begin_icount(const struct extra_run *run,
                                      struct hm_launch *launch)
{
    launch->argv = hm_icount_argv(run->pool, run->tool, run->measure->input_dir,
                                  launch->argv);
    return NULL;
}

static const char *extra_take_icount(const struct extra_run *run, bool is_ok)
{
    uint64_t ops = run->measure->record->number[HM_RECORD_ops], instructions;
    int error =
        hm_icount_take(run->pool, run->measure->input_dir, &instructions);

    if (!is_ok)
        return NULL;
    if (error == -ENOENT) {
        return "valgrind did not see the clock window (it follows no program "
               "that the cell becomes, and needs the cell's symbols)";
    }
    if (error != 0)
        return "what valgrind wrote holds no count";
    if (ops == 0)
        return "there were no operations";
    hm_row_set_real(run->row, HM_COLUMN_instructions_per_op,
                    (double)instructions / (double)ops);
    return NULL;
}

static const char *extra_begin_syscalls(const struct extra_run *run,
                                        struct hm_launch *launch)
{
    launch->argv = hm_syscalls_argv(run->pool, run->tool,
                                    run->measure->input_dir, launch->argv);
    return NULL;
}

static void extra_add_figures(const struct extra_run *run, const char *figures)
{
    const char *before = run->row->value[HM_COLUMN_figures];

    hm_row_set(run->row, HM_COLUMN_figures,
               hm_pool_format(run->pool, "%s%s%s", before,
                              *before != '\0' ? ";" : "", figures));
}

static const char *extra_take_syscalls(const struct extra_run *run, bool is_ok)
{
    const char *figures;
    int error = hm_syscalls_take(run->pool, run->measure->input_dir, &figures);

    if (!is_ok)
        return NULL;
    if (error != 0)
        return "strace did not see the clock window";
    extra_add_figures(run, figures);
    return NULL;
}

static bool extra_is_block(const struct extra_run *run)
{
    const struct hm_plan *plan = run->measure->plan;
    size_t subject = plan->cell[run->key.cell].subject;

    return plan->subject[subject].workload->kind == HM_KIND_BLOCK;
}

/* heapmark-operations-X beside heapmark-cell-X, which has block workloads
 * only. */
static const char *extra_begin_operations(const struct extra_run *run,
                                          struct hm_launch *launch)
{
    static const char cell[] = "/heapmark-cell-";
    const char *program = launch->argv[0], *name = strrchr(program, '/');
    const char *timed;
    const char **argv;
    size_t n = 0;

    if (name == NULL || strncmp(name, cell, sizeof cell - 1) != 0)
        return "its program is no cell";
    timed =
        hm_pool_format(run->pool, "%.*s/heapmark-operations-%s",
                       (int)(name - program), program, name + sizeof cell - 1);
    if (!extra_is_block(run) || access(timed, X_OK) != 0) {
        return "only block workloads have any, under a malloc that is "
               "preloaded";
    }
    while (launch->argv[n++] != NULL)
        continue;
    argv = hm_pool_alloc(run->pool, n * sizeof *argv);
    memcpy(argv, launch->argv, n * sizeof *argv);
    argv[0] = timed;
    launch->argv = argv;
    return NULL;
}

/* Of its figures the timed run has all but this one. */
static const char *extra_take_operations(const struct extra_run *run,
                                         bool is_ok)
{
    static const char name[] = "internal_frag_permille";
    const struct hm_record *record = run->measure->record;

    if (!is_ok)
        return NULL;
    hm_measure_write_operations(run->measure, run->key);
    for (size_t i = 0; i < record->n_figures; i++) {
        if (strcmp(record->figure[i].name, name) == 0) {
            extra_add_figures(run,
                              hm_pool_format(run->pool, "%s=%" PRIu64, name,
                                             record->figure[i].value));
        }
    }
    return NULL;
}

static const struct extra extras[HM_EXTRAS_END] = {
    [HM_EXTRA_ICOUNT] = {"instructions", "valgrind", "under valgrind",
                         extra_begin_icount, extra_take_icount},
    [HM_EXTRA_SYSCALLS] = {"system calls", "strace", "under strace",
                           extra_begin_syscalls, extra_take_syscalls},
    [HM_EXTRA_OPERATIONS] = {"operations by kind", NULL,
                             "with a clock in each request",
                             extra_begin_operations, extra_take_operations},
};

const char *hm_extra_what(enum hm_extra extra)
{
    return extras[extra].what;
}

const char *hm_extra_program(enum hm_extra extra)
{
    return extras[extra].program;
}

const char *hm_extra_tool(struct hm_pool *pool, enum hm_extra extra)
{
    const char *program = extras[extra].program;

    return program == NULL ? "" : hm_program_in_path(pool, program);
}

/* The limit of data would count the tool's. */
static int extra_make(const struct extra_run *run, const struct extra *extra,
                      struct hm_launch launch, struct hm_measured *measured,
                      const char **missing)
{
    const struct hm_measure *measure = run->measure;
    const struct hm_plan_cell *cell = &measure->plan->cell[run->key.cell];
    struct hm_launched launched;
    struct hm_outcome outcome;
    const char *why;
    bool is_ok;
    int error;

    *missing = extra->begin(run, &launch);
    if (*missing != NULL)
        return 0;
    launch.timeout_ns += EXTRA_TIMES * measured->elapsed_ns;
    launch.data_cap_bytes = 0;
    error = hm_launch_run(&launch, &launched);
    if (error != 0)
        return error;
    measured->interrupted = launched.end == HM_END_INTERRUPTED;
    measured->extra_ns += launched.elapsed_ns;
    outcome = hm_outcome_of(run->pool, &launched, measure->record,
                            &measure->census[cell->subject], cell->strategy);
    is_ok = strcmp(outcome.status, "ok") == 0;
    why = extra->take(run, is_ok);
    *missing = is_ok ? why
                     : hm_pool_format(run->pool, "%s %s: %s", outcome.status,
                                      extra->under, outcome.reason);
    return 0;
}

int hm_extra_run(struct hm_pool *pool, const struct hm_measure *measure,
                 struct hm_run_key key, const struct hm_launch *launch,
                 struct hm_row *row, struct hm_measured *measured)
{
    int error = 0;

    for (int e = 0; e < HM_EXTRAS_END && error == 0; e++) {
        struct extra_run run = {pool, measure, key, measure->tool[e], row};

        if (run.tool != NULL && !measured->interrupted) {
            error = extra_make(&run, &extras[e], *launch, measured,
                               &measured->missing[e]);
        }
    }
    return error;
}
