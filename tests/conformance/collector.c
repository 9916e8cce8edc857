/* SPDX-License-Identifier: MIT */
/* collector.c -- the conformance suite of collectors: one program for each. */
#include "collector_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct heap heap;

static struct hm_pause_log heap_pauses;

uint64_t heap_param[HM_PARAMS_MAX];

_Thread_local jmp_buf *heap_thread_exit;

static void heap_exhausted(size_t bytes)
{
    (void)bytes;
    if (heap_thread_exit != NULL)
        longjmp(*heap_thread_exit, 1);
    if (!heap.is_guarded)
        fail_msg("the heap is exhausted: %zu bytes refused", bytes);
    longjmp(heap.exhausted, 1);
}

void heap_open(struct heap_options options)
{
    struct hm_gc_config config = {.heap_bytes = options.heap_bytes,
                                  .stress_bytes = options.stress_bytes,
                                  .verify = options.verify,
                                  .param = heap_param,
                                  .log = &heap_pauses,
                                  .exhausted = heap_exhausted};
    const char *why = "no reason given";

    hm_pause_log_init(&heap_pauses);
    for (int i = 0; i < HEAP_ROOTS; i++)
        heap.root[i] = NULL;
    heap.is_guarded = 0;
    heap.gc = hm_gc_open(&config, &why);
    if (heap.gc == NULL)
        fail_msg("the heap does not open: %s", why);
    heap.m = hm_gc_attach(heap.gc);
    assert_non_null(heap.m);
    hm_gc_add_roots(heap.gc, heap.root, HEAP_ROOTS);
}

void heap_close(void)
{
    hm_gc_detach(heap.m);
    hm_gc_close(heap.gc);
}

void heap_collect(void)
{
    const char *wrong;

    hm_gc_collect(heap.m);
    wrong = hm_gc_check(heap.gc);
    if (wrong != NULL)
        fail_msg("%s", wrong);
}

struct hm_gc_stats heap_stats(void)
{
    struct hm_gc_stats stats;

    hm_gc_stats_get(heap.gc, &stats);
    return stats;
}

const struct hm_pause_log *heap_log(void)
{
    return &heap_pauses;
}

static int heap_run_apart(const char *name, const struct CMUnitTest *test)
{
    int status = 0;
    pid_t child;

    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        int failed = _cmocka_run_group_tests(name, test, 1, NULL, NULL);

        (void)fflush(stdout);
        _exit(failed);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

int heap_run_group(const char *name, const struct CMUnitTest *tests, size_t n)
{
    int failed = 0;

    if (heap_is_precise())
        return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        failed += heap_run_apart(name, &tests[i]);
    return failed;
}

/* Arguments are parameters of the collector, NAME=NUMBER; the word `shapes`
 * leaves out what expects the default ones, `graphs` weak objects as well,
 * `threads` all but several threads, `faults` all but broken programs. */
int main(int argc, char **argv)
{
    int failed = 0, all = 1, weak = 1, threads_only = 0, faults_only = 0;

    hm_params_defaults(hm_collector_this.params, 0, heap_param);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "shapes") == 0) {
            all = 0;
        } else if (strcmp(argv[i], "graphs") == 0) {
            all = weak = 0;
        } else if (strcmp(argv[i], "threads") == 0) {
            threads_only = 1;
        } else if (strcmp(argv[i], "faults") == 0) {
            faults_only = 1;
        } else if (hm_params_set(hm_collector_this.params, argv[i],
                                 heap_param) != 0) {
            return 2;
        }
    }
    cmocka_set_message_output(CM_OUTPUT_TAP);
    if (threads_only)
        return collector_threads_tests() != 0;
    if (faults_only)
        return collector_fault_tests() != 0;
    failed += collector_model_tests();
    failed += collector_shape_tests();
    failed += collector_threads_tests();
    if (weak) {
        failed += collector_weak_tests();
        failed += collector_weak_shape_tests();
    }
    if (all) {
        failed += collector_limit_tests();
        failed += collector_fault_tests();
    }
    return failed != 0;
}
