/* SPDX-License-Identifier: MIT */
/* cell_list.c -- `CELL list` and `CELL identity`: what this cell has, and whose
 * malloc, for the driver. */
#include "collectors/collector.h"
#include "harness/cell/cell.h"
#include "harness/cell/cell_writer.h"
#include "workloads/block.h"
#include "workloads/object.h"

#include <inttypes.h>
#include <unistd.h>

static const char *list_class(void)
{
#ifdef HM_BLOCK_NULL
    return "reference";
#else
    static const char *const name[] = {
        [HM_CLASS_ALLOCATOR] = "allocator",
        [HM_CLASS_COLLECTOR] = "collector",
        [HM_CLASS_REFERENCE] = "reference",
    };

    return name[hm_collector_this.class];
#endif
}

static const char *list_heap(void)
{
    if (!hm_collector_this.has_heap_limit)
        return "free";
    return hm_collector_this.has_no_tracing ? "counting" : "limit";
}

static void list_params(struct hm_cell_writer *out, const char *workload,
                        const struct hm_param *p)
{
    for (; p->name != NULL; p++) {
        hm_cell_write(out,
                      "param\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
                      "\t%" PRIu64 "\t%s\n",
                      workload, p->name, p->quick, p->full, p->min, p->max,
                      p->meaning);
    }
}

static const char *const list_leak[] = {
    [HM_LEAK_NOT_ONE] = "-",       [HM_LEAK_NONE] = "none",
    [HM_LEAK_LOGICAL] = "logical", [HM_LEAK_LOST] = "lost",
    [HM_LEAK_CYCLE] = "cycle",     [HM_LEAK_FALSE] = "false",
};

static void list_misses(struct hm_cell_writer *out,
                        const struct hm_cell_strategy *strategy)
{
    if (hm_collector_this.class != HM_CLASS_COLLECTOR)
        return;
    for (enum hm_leak leak = HM_LEAK_CYCLE; leak <= HM_LEAK_FALSE; leak++) {
        if (hm_leak_is_missed(leak)) {
            hm_cell_write(out, "misses\t%s\t%s\n", strategy->id,
                          list_leak[leak]);
        }
    }
}

static void list_strategy(struct hm_cell_writer *out,
                          const struct hm_cell_strategy *strategy)
{
    const struct hm_param *p = hm_collector_this.params;

    hm_cell_write(out, "strategy\t%s\t%s\t%s\t%s\t%s\t%s\n", strategy->id,
                  list_class(), strategy->preload, strategy->package,
                  list_heap(),
                  strategy->summary[0] != '\0' ? strategy->summary
                                               : hm_collector_this.summary);
    list_misses(out, strategy);
    for (; p->name != NULL; p++) {
        hm_cell_write(
            out, "option\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\n",
            strategy->id, p->name, p->quick, p->min, p->max, p->meaning);
    }
}

/* Which workloads can run in an open loop. */
static void list_arrivals(struct hm_cell_writer *out,
                          const struct hm_object_workload *workload)
{
    if (workload->has_arrivals)
        hm_cell_write(out, "arrivals\t%s\n", workload->name);
}

static void list_object(struct hm_cell_writer *out,
                        const struct hm_object_workload *workload)
{
    hm_cell_write(out, "workload\t%s\tobject\t%s\t%s\t%u\t%s\t%s\n",
                  workload->name, workload->operation,
                  list_leak[workload->leak],
                  workload->max_threads > 1 ? workload->max_threads : 1,
                  workload->summary, workload->source);
    list_arrivals(out, workload);
    list_params(out, workload->name, workload->params);
}

static void list_block(struct hm_cell_writer *out,
                       const struct hm_block_workload *workload)
{
    hm_cell_write(out, "workload\t%s\tblock\t%s\t-\t%u\t%s\t%s\n",
                  workload->name, workload->operation, workload->max_threads,
                  workload->summary, workload->source);
    list_params(out, workload->name, workload->params);
}

int hm_cell_list(void)
{
    static struct hm_cell_writer out;

    hm_cell_writer_init(&out, STDOUT_FILENO);
    for (size_t i = 0; hm_cell_strategies[i].id != NULL; i++)
        list_strategy(&out, &hm_cell_strategies[i]);
    for (size_t i = 0; hm_objects[i] != NULL; i++)
        list_object(&out, hm_objects[i]);
    for (size_t i = 0; hm_blocks[i] != NULL; i++)
        list_block(&out, hm_blocks[i]);
#ifdef HM_CENSUS
    hm_cell_write(&out, "census\n");
#endif
    return hm_cell_writer_end(&out) == 0 ? 0 : 1;
}

int hm_cell_identity(void)
{
    static struct hm_cell_writer out;
    static char path[PATH_MAX];

    (void)hm_cell_identity_check(NULL, path);
    hm_cell_writer_init(&out, STDOUT_FILENO);
    hm_cell_write(&out, "%s\n", path);
    return hm_cell_writer_end(&out) == 0 ? hm_cell_runtime() : 1;
}
