/* SPDX-License-Identifier: MIT */
/* collector_fault.c -- programs that break the contract must not get away with
 * it under verify: each runs in a child process that has to die. */
#include "collector_heap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct hm_layout fault_pair = {2, 16, "pair"};

/* Where the faulty programs keep the reference that they forgot to root. */
static hm_ref fault_hidden;

/* In the child: cmocka's handlers would turn a fault into a result there, and
 * what the check prints is of no interest. */
static void fault_become_silent(void)
{
    int null = open("/dev/null", O_WRONLY);

    (void)dup2(null, STDERR_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGBUS, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
}

static int fault_is_fatal(void (*program)(void))
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        fault_become_silent();
        heap_open((struct heap_options){.heap_bytes = 8 * MIB, .verify = 1});
        program();
        hm_gc_collect(heap.m);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* A live object, a dead one below it, and a collection. */
static void fault_hide_and_collect(void)
{
    heap.root[0] = hm_new(heap.m, &fault_pair);
    fault_hidden = hm_new(heap.m, &fault_pair);
    hm_gc_collect(heap.m);
}

static void fault_nothing(void)
{
    fault_hide_and_collect();
    fault_hidden = NULL;
}

static void fault_store_unrooted(void)
{
    fault_hide_and_collect();
    hm_store(heap.m, heap.root[0], 0, fault_hidden);
}

static void fault_root_unrooted(void)
{
    fault_hide_and_collect();
    heap.root[1] = fault_hidden;
}

static void fault_write_dead(void)
{
    fault_hide_and_collect();
    memset(hm_raw(fault_hidden, 2), 0, 16);
    for (int i = 0; i < 2000; i++)
        (void)hm_new(heap.m, &fault_pair);
}

/* Moves nothing in a collector that slides: there must be a gap below. */
static void fault_read_moved(void)
{
    hm_ref stale;

    (void)hm_new(heap.m, &fault_pair);
    heap.root[0] = hm_new(heap.m, &fault_pair);
    stale = heap.root[0];
    hm_gc_collect(heap.m);
    fault_hidden = hm_load(heap.m, stale, 0);
}

static void fault_smash_header(void)
{
    heap.root[0] = hm_new(heap.m, &fault_pair);
    heap.root[1] = hm_new(heap.m, &fault_pair);
    memset(hm_raw(heap.root[0], 2), 0xFF, 16 + 8); /* 8 too many */
}

static void fault_wild_reference(void)
{
    heap.root[0] = hm_new(heap.m, &fault_pair);
    fault_hidden = (hm_ref)((char *)heap.root[0] + 8);
    hm_store(heap.m, heap.root[0], 1, fault_hidden);
}

/* A field changed behind the collector's back: a count is never raised, or
 * never lowered. */
static void fault_store_uncounted(void)
{
    heap.root[0] = hm_new(heap.m, &fault_pair);
    heap.root[1] = hm_new(heap.m, &fault_pair);
    ((hm_ref *)heap.root[0])[0] = heap.root[1];
}

static void fault_clear_uncounted(void)
{
    heap.root[0] = hm_new(heap.m, &fault_pair);
    heap.root[1] = hm_new(heap.m, &fault_pair);
    hm_store(heap.m, heap.root[0], 0, heap.root[1]);
    ((hm_ref *)heap.root[0])[0] = NULL;
}

static void a_program_that_keeps_the_contract_survives(void **state)
{
    (void)state;
    assert_false(fault_is_fatal(fault_nothing));
}

static void a_store_of_an_unrooted_object_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_store_unrooted));
}

static void an_omitted_root_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_root_unrooted));
}

static void a_write_to_a_dead_object_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_write_dead));
}

static void a_read_of_a_moved_object_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_read_moved));
}

static void an_overwritten_header_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_smash_header));
}

static void a_reference_into_an_object_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_wild_reference));
}

static void a_store_that_is_not_counted_is_caught(void **state)
{
    (void)state;
    assert_true(fault_is_fatal(fault_store_uncounted));
    assert_true(fault_is_fatal(fault_clear_uncounted));
}

int collector_fault_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_keeps_the_contract_survives),
        cmocka_unit_test(a_store_of_an_unrooted_object_is_caught),
        cmocka_unit_test(an_omitted_root_is_caught),
        cmocka_unit_test(a_write_to_a_dead_object_is_caught),
        cmocka_unit_test(an_overwritten_header_is_caught),
        cmocka_unit_test(a_reference_into_an_object_is_caught),
    };

    /* Only where the old place of an object becomes inaccessible. */
    const struct CMUnitTest copying[] = {
        cmocka_unit_test(a_read_of_a_moved_object_is_caught),
    };
    const struct CMUnitTest counting[] = {
        cmocka_unit_test(a_store_that_is_not_counted_is_caught),
    };
    int failed;

    if (!heap_is_precise()) /* nothing is verified there */
        return 0;
    failed = HEAP_RUN_GROUP("fault", tests);
    if (strcmp(hm_collector_this.name, "semispace") == 0 ||
        strcmp(hm_collector_this.name, "generational") == 0)
        failed += HEAP_RUN_GROUP("copying", copying);
    if (strncmp(hm_collector_this.name, "refcount", 8) == 0)
        failed += HEAP_RUN_GROUP("counting", counting);
    return failed;
}
