/* SPDX-License-Identifier: MIT */
/* overhead.c -- what the harness itself costs inside the clock window.
 *
 * Prints one line per figure.  Nothing is asserted about time, only that the
 * loop written by hand did the work of the workload it is compared with. */
#include "collectors/collector.h"
#include "common/meter.h"
#include "workloads/object.h"

/* The doors of the `null` cell, beside malloc's own: only their names differ
 * from what a block workload sees. */
#define HM_BLOCK_NULL
#include "workloads/block.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ROUNDS = 15,
    DEPTH = 16, /* binary_trees, step 4 */
    FIRST_DEPTH = 4,
    STEP = 4,
    LOOPS = 5000000,
};

extern const struct hm_object_workload hm_object_binary_trees;

unsigned char hm_block_null_memory[HM_BLOCK_NULL_BYTES];

static struct hm_progress progress;
static struct hm_hist latency;
static struct hm_meter_watch never = {UINT64_MAX, NULL};
static struct hm_meter meter = {
    .progress = &progress, .latency = &latency, .watch = &never};

/* binary_trees as a C programmer would write it: no harness at all. */
struct node {
    struct node *left, *right;
};

static struct node *hand_build(unsigned depth)
{
    struct node *node = malloc(sizeof(*node));

    if (node == NULL)
        abort();
    node->left = NULL;
    node->right = NULL;
    if (depth > 0) {
        node->left = hand_build(depth - 1);
        node->right = hand_build(depth - 1);
    }
    return node;
}

static uint32_t hand_count(const struct node *node)
{
    if (node->left == NULL)
        return 1;
    return 1 + hand_count(node->left) + hand_count(node->right);
}

static void hand_free(struct node *node)
{
    if (node->left != NULL) {
        hand_free(node->left);
        hand_free(node->right);
    }
    free(node);
}

static uint32_t hand_one(unsigned depth)
{
    struct node *tree = hand_build(depth);
    uint32_t nodes = hand_count(tree);

    hand_free(tree);
    return nodes;
}

/* The nodes of all trees; *ns is the processor time of all but
 * the last release. */
static uint64_t hand_run(uint64_t *ns)
{
    uint64_t start_ns = hm_clock_cpu_ns(), nodes = hand_one(DEPTH + 1);
    struct node *long_lived = hand_build(DEPTH);

    for (unsigned d = FIRST_DEPTH; d <= DEPTH; d += STEP) {
        for (unsigned i = 0; i < 1u << (DEPTH - d + FIRST_DEPTH); i++)
            nodes += hand_one(d);
    }
    nodes += hand_count(long_lived);
    *ns = hm_clock_cpu_ns() - start_ns;
    hand_free(long_lived);
    return nodes;
}

/* The same through the workload, the mutator interface and the meter. */
static uint64_t workload_run(struct hm_mutator *m, uint64_t *ns)
{
    static hm_ref root[HM_ROOTS];
    struct hm_object_run run = {
        .base = {.value = {DEPTH, STEP}, .meter = meter},
        .mutator = m,
        .root = root,
    };
    uint64_t start_ns = hm_clock_cpu_ns();

    hm_object_binary_trees.run(&run);
    *ns = hm_clock_cpu_ns() - start_ns;
    hm_object_binary_trees.drop(&run);
    return run.base.counter[0].value;
}

static int compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Median and quartiles of workload / hand over rounds that alternate. */
static int print_share(void)
{
    const struct hm_gc_config config = {.exhausted = NULL};
    const char *why;
    struct hm_mutator *m = hm_gc_attach(hm_gc_open(&config, &why));
    double ratio[ROUNDS];

    for (int i = -1; i < ROUNDS; i++) { /* round -1 warms up */
        uint64_t hand_ns, workload_ns;
        uint64_t hand_nodes = hand_run(&hand_ns);
        uint64_t workload_nodes = workload_run(m, &workload_ns);

        /* the long-lived tree is counted by hand only */
        workload_nodes += (UINT64_C(2) << DEPTH) - 1;
        if (hand_nodes != workload_nodes) {
            fprintf(stderr, "overhead: %llu nodes by hand, %llu by harness\n",
                    (unsigned long long)hand_nodes,
                    (unsigned long long)workload_nodes);
            return 1;
        }
        if (i >= 0)
            ratio[i] = (double)workload_ns / (double)hand_ns;
    }
    qsort(ratio, ROUNDS, sizeof(ratio[0]), compare_double);
    printf("binary_trees, processor time, workload / by hand: %.4f (quartiles "
           "%.4f %.4f)\n",
           ratio[ROUNDS / 2], ratio[ROUNDS / 4], ratio[3 * ROUNDS / 4]);
    return 0;
}

static void print_loop(const char *what, uint64_t start_ns)
{
    uint64_t ns = hm_clock_now_ns() - start_ns;

    printf("%s: %.2f ns\n", what, (double)ns / LOOPS);
}

static void print_loops(void)
{
    struct hm_block_run run = {.threads = 1};
    uint64_t start_ns = hm_clock_now_ns();

    for (int i = 0; i < LOOPS; i++)
        hm_block_free(&run, hm_block_alloc(&run, 64));
    print_loop("empty operation (null request and release)", start_ns);

    start_ns = hm_clock_now_ns();
    for (int i = 0; i < LOOPS; i++)
        (void)hm_clock_now_ns();
    print_loop("reading the clock", start_ns);

    start_ns = hm_clock_now_ns();
    for (int i = 0; i < LOOPS; i++) {
        hm_meter_start(&meter);
        hm_meter_mark(&meter, 1);
    }
    print_loop("latency sample, start and mark", start_ns);

    start_ns = hm_clock_now_ns();
    hm_meter_start(&meter);
    for (int i = 0; i < LOOPS; i++)
        hm_meter_mark(&meter, 1);
    print_loop("latency sample, mark after mark", start_ns);
}

int main(void)
{
    hm_hist_init(&latency);
    print_loops();
    return print_share();
}
