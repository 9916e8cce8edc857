/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_threads.h"

#include "common/arena.h"
#include "common/check.h"
#include "harness/cell/cell_run.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

struct member {
    unsigned t;
    pthread_t id;
};

static struct {
    unsigned n;
    struct member *member; /* [0] is not used */
    void (*body)(unsigned thread);
    pthread_barrier_t barrier;
} team;

static void *team_main(void *member)
{
    team.body(((const struct member *)member)->t);
    return NULL;
}

void hm_cell_threads_start(unsigned n, void (*body)(unsigned thread))
{
    team.n = n;
    team.body = body;
    if (n == 1)
        return;
    team.member = hm_arena_alloc(n * sizeof(team.member[0]));
    HM_CHECK(pthread_barrier_init(&team.barrier, NULL, n) == 0);
    for (unsigned t = 1; t < n; t++) {
        struct member *member = &team.member[t];

        member->t = t;
        if (pthread_create(&member->id, NULL, team_main, member) == 0)
            continue;
        hm_cell_run_refuse(HM_CELL_OOM, "the system refuses more threads");
        _exit(hm_cell_run_finish());
    }
}

void hm_cell_threads_meet(void)
{
    if (team.n > 1)
        (void)pthread_barrier_wait(&team.barrier);
}

static uint64_t team_clock_ns(clockid_t clock)
{
    struct timespec cpu;

    HM_CHECK(clock_gettime(clock, &cpu) == 0);
    return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

uint64_t hm_cell_threads_cpu_ns(void)
{
    uint64_t cpu_ns = team_clock_ns(CLOCK_THREAD_CPUTIME_ID);

    for (unsigned t = 1; t < team.n; t++) {
        clockid_t clock;

        HM_CHECK(pthread_getcpuclockid(team.member[t].id, &clock) == 0);
        cpu_ns += team_clock_ns(clock);
    }
    return cpu_ns;
}

void hm_cell_threads_join(void)
{
    for (unsigned t = 1; t < team.n; t++)
        HM_CHECK(pthread_join(team.member[t].id, NULL) == 0);
}
