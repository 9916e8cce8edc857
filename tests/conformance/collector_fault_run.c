/* SPDX-License-Identifier: MIT */
#include "collector_fault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const struct fault *fault;
int *fault_is_ready;

/* cmocka's handlers would turn a fault into a result in the child, and what
 * the check prints is of no interest. */
static void fault_become_silent(void)
{
    int null = open("/dev/null", O_WRONLY);

    (void)dup2(null, STDERR_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGBUS, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
}

_Noreturn static void fault_child(void)
{
    fault_become_silent();
    heap_open((struct heap_options){.heap_bytes = 8 * MIB, .verify = 1});
    fault->program();
    hm_gc_collect(heap.m);
    _exit(0);
}

/* The child's wait status; it got as far as committing the fault. */
static int fault_run(const struct fault *one)
{
    int status = 0;
    pid_t child;

    fault = one;
    fault_is_ready = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(fault_is_ready != MAP_FAILED);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        fault_child();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(*fault_is_ready);
    assert_int_equal(munmap(fault_is_ready, sizeof(int)), 0);
    return status;
}

void fault_survives(void **state)
{
    assert_int_equal(fault_run(*state), 0);
}

void fault_is_caught(void **state)
{
    const struct fault *one = *state;
    int status = fault_run(one);

    assert_int_not_equal(status, 0);
    if (one->signal != 0)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == one->signal);
}
