/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_window.h"

#include "common/arena.h"
#include "harness/cell/cell_threads.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t window_timeval_ns(struct timeval tv)
{
    return (uint64_t)tv.tv_sec * 1000000000u + (uint64_t)tv.tv_usec * 1000u;
}

/* All counters but the clock, as totals of the process. */
static void window_read(struct hm_window *window)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    window->user_ns = window_timeval_ns(usage.ru_utime);
    window->sys_ns = window_timeval_ns(usage.ru_stime);
    window->minflt = (uint64_t)usage.ru_minflt;
    window->majflt = (uint64_t)usage.ru_majflt;
    window->nvcsw = (uint64_t)usage.ru_nvcsw;
    window->nivcsw = (uint64_t)usage.ru_nivcsw;
    window->mutator_cpu_ns = hm_cell_threads_cpu_ns();
    window->cpu_ns = hm_clock_cpu_ns();
}

void hm_window_begin(struct hm_window *window)
{
    window_read(window);
    window->start_ns = hm_clock_now_ns();
}

void hm_window_end(struct hm_window *window)
{
    struct hm_window now;

    now.end_ns = hm_clock_now_ns();
    window_read(&now);
    window->end_ns = now.end_ns;
    window->cpu_ns = now.cpu_ns - window->cpu_ns;
    window->mutator_cpu_ns = now.mutator_cpu_ns - window->mutator_cpu_ns;
    window->user_ns = now.user_ns - window->user_ns;
    window->sys_ns = now.sys_ns - window->sys_ns;
    window->minflt = now.minflt - window->minflt;
    window->majflt = now.majflt - window->majflt;
    window->nvcsw = now.nvcsw - window->nvcsw;
    window->nivcsw = now.nivcsw - window->nivcsw;
}

struct hm_progress *hm_window_progress(int fd)
{
    void *page;

    if (fd < 0)
        return hm_arena_alloc(sizeof(struct hm_progress));
    page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_POPULATE, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}
