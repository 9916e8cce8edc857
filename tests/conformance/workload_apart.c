/* SPDX-License-Identifier: MIT */
#include "tests/conformance/workload_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct hm_workload_result hm_workload_run_apart(
    const struct hm_workload_case *one)
{
    struct hm_workload_result *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct hm_workload_result result;
    int status = -1;
    pid_t child;

    assert_true(shared != MAP_FAILED);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hm_workload_run(one, shared);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    result = *shared;
    assert_int_equal(munmap(shared, sizeof(*shared)), 0);
    if (result.wrong[0] != '\0')
        fail_msg("%s %s: %s", one->workload, one->params, result.wrong);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("%s %s: ended with status %#x", one->workload, one->params,
                 (unsigned)status);
    }
    assert_true(result.ops > 0);
    return result;
}
