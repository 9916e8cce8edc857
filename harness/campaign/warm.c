/* SPDX-License-Identifier: MIT */
#include "harness/campaign/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARM_MIB UINT64_C(1048576)

enum { WARM_PAGE_BYTES = 4096 };

static uint64_t warm_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t hm_warm_bytes(uint64_t heap_bytes, uint64_t live_bytes,
                       uint64_t cap_bytes, uint64_t free_bytes)
{
    uint64_t need = heap_bytes > live_bytes ? heap_bytes : live_bytes;
    uint64_t bytes = need + need / 4 + 32 * WARM_MIB;

    return warm_least(bytes, warm_least(cap_bytes, free_bytes / 8 * 7));
}

static void warm_die_first(void)
{
    static const char most[] = "1000";
    int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (score >= 0) {
        (void)!write(score, most, sizeof most - 1);
        close(score);
    }
}

_Noreturn static void warm_child(uint64_t bytes, pid_t parent)
{
    volatile char *memory;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    warm_die_first();
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        _exit(0);
    (void)madvise((void *)memory, bytes, MADV_HUGEPAGE);
    for (uint64_t at = 0; at < bytes; at += WARM_PAGE_BYTES)
        memory[at] = 1;
    _exit(0);
}

void hm_warm(uint64_t bytes)
{
    pid_t parent = getpid();
    pid_t child = fork();

    if (child == 0)
        warm_child(bytes, parent);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}
