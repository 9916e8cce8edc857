/* SPDX-License-Identifier: MIT */
#include "harness/campaign/launch.h"

#include "common/clock.h"
#include "common/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LAUNCH_PAGE_BYTES = 4096, LAUNCH_EXEC_FAILED = 127 };

volatile sig_atomic_t hm_interrupted;

/* exec takes its vectors without const and does not write to them. */
union launch_vector {
    const char *const *in;
    char *const *out;
};

/* A run under way.  Descriptors are -1 when closed. */
struct launch_run {
    const struct hm_launch *launch;
    struct hm_launched *launched;
    pid_t pid;
    int process, record, complaint, statm;
    int record_end, complaint_end, page; /* the child's ends */
    struct hm_progress *progress;
    uint64_t start_ns, next_ns;
    size_t complaint_bytes;
    bool killed;
};

static void launch_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int launch_pipe(int *reader, int *writer)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

static int launch_page(struct launch_run *run)
{
    void *page;

    run->page = memfd_create("heapmark-progress", MFD_CLOEXEC);
    if (run->page < 0 || ftruncate(run->page, LAUNCH_PAGE_BYTES) != 0)
        return -errno;
    page = mmap(NULL, LAUNCH_PAGE_BYTES, PROT_READ, MAP_SHARED, run->page, 0);
    if (page == MAP_FAILED)
        return -errno;
    run->progress = page;
    return 0;
}

/* Descriptors above those that the child gets, so that no dup2 hits one that
 * is still needed. */
static int launch_high(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 16);
}

static void launch_limit(const struct hm_launch *launch)
{
    struct rlimit none = {0, 0};
    struct rlimit data = {launch->data_cap_bytes, launch->data_cap_bytes};

    setrlimit(RLIMIT_CORE, &none);
    if (launch->data_cap_bytes > 0)
        setrlimit(RLIMIT_DATA, &data);
}

_Noreturn static void launch_child(const struct launch_run *run, pid_t parent)
{
    union launch_vector argv = {.in = run->launch->argv};
    union launch_vector env = {.in = run->launch->env};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int record = launch_high(run->record_end);
    int page = launch_high(run->page);
    int complaint = launch_high(run->complaint_end);
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(LAUNCH_EXEC_FAILED);
    setpgid(0, 0);
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    sigaction(SIGPIPE, &usual, NULL);
    sigaction(SIGXFSZ, &usual, NULL);
    dup2(null, 0);
    dup2(null, 1);
    dup2(complaint, 2);
    dup2(record, HM_LAUNCH_RECORD_FD);
    dup2(page, HM_LAUNCH_PROGRESS_FD);
    launch_limit(run->launch);
    execve(argv.out[0], argv.out, env.out);
    dprintf(2, "cannot run %s: %s\n", argv.out[0], strerrordesc_np(errno));
    _exit(LAUNCH_EXEC_FAILED);
}

static int launch_start(struct launch_run *run)
{
    pid_t parent = getpid();
    int error = launch_pipe(&run->record, &run->record_end);

    if (error == 0)
        error = launch_pipe(&run->complaint, &run->complaint_end);
    if (error == 0)
        error = launch_page(run);
    if (error != 0)
        return error;
    run->pid = fork();
    if (run->pid < 0)
        return -errno;
    if (run->pid == 0)
        launch_child(run, parent);
    setpgid(run->pid, run->pid);
    launch_close(&run->record_end);
    launch_close(&run->complaint_end);
    launch_close(&run->page);
    run->process = pidfd_open(run->pid, 0);
    run->statm = hm_sample_open(run->pid);
    return 0;
}

static void launch_kill(struct launch_run *run, enum hm_end end)
{
    if (run->killed)
        return;
    run->killed = true;
    run->launched->end = end;
    kill(-run->pid, SIGKILL);
    kill(run->pid, SIGKILL);
}

/* 0 when it cannot be told: the process has ended. */
static uint64_t launch_cpu_ns(const struct launch_run *run)
{
    struct timespec cpu;
    clockid_t clock;

    if (clock_getcpuclockid(run->pid, &clock) != 0 ||
        clock_gettime(clock, &cpu) != 0)
        return 0;
    return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

static bool launch_is_late(const struct launch_run *run, uint64_t now_ns)
{
    const struct hm_launch *launch = run->launch;

    return now_ns - run->start_ns > launch->timeout_ns ||
           (launch->cpu_limit_ns > 0 &&
            launch_cpu_ns(run) > launch->cpu_limit_ns);
}

/* One look at the run from outside. */
static void launch_sample(struct launch_run *run, uint64_t now_ns)
{
    const struct hm_launch *launch = run->launch;
    uint64_t rss_bytes = hm_sample_rss_bytes(run->statm);

    run->next_ns = now_ns + launch->period_ns;
    if (rss_bytes > 0) {
        hm_samples_add(launch->samples,
                       (struct hm_sample){
                           .now_ns = now_ns,
                           .rss_bytes = rss_bytes,
                           .ops = run->progress->ops,
                           .phase = (unsigned)run->progress->phase,
                       });
    }
    if (launch->rss_cap_bytes > 0 && rss_bytes > launch->rss_cap_bytes) {
        launch_kill(run, HM_END_OOM);
    } else if (launch_is_late(run, now_ns)) {
        launch_kill(run, HM_END_TIMEOUT);
    } else if (hm_interrupted) {
        launch_kill(run, HM_END_INTERRUPTED);
    }
}

static void launch_read_record(struct launch_run *run)
{
    char data[1 << 16];
    ssize_t bytes = read(run->record, data, sizeof data);

    if (bytes > 0) {
        hm_record_feed(run->launch->record, data, (size_t)bytes);
    } else if (bytes == 0 || errno != EINTR) {
        launch_close(&run->record);
    }
}

/* Keeps the beginning; reads on so that the cell never blocks. */
static void launch_read_complaint(struct launch_run *run)
{
    char data[4096];
    char *kept = run->launched->complaint + run->complaint_bytes;
    size_t room = sizeof run->launched->complaint - 1 - run->complaint_bytes;
    ssize_t bytes = read(run->complaint, data, sizeof data);

    if (bytes == 0 || (bytes < 0 && errno != EINTR))
        launch_close(&run->complaint);
    if (bytes <= 0)
        return;
    if ((size_t)bytes < room)
        room = (size_t)bytes;
    memcpy(kept, data, room);
    run->complaint_bytes += room;
}

/* Waits for data, the end of the process, or the next sample. */
static void launch_wait(struct launch_run *run, bool *exited)
{
    struct pollfd ready[] = {{run->record, POLLIN, 0},
                             {run->complaint, POLLIN, 0},
                             {*exited ? -1 : run->process, POLLIN, 0}};
    uint64_t now_ns = hm_clock_now_ns();
    uint64_t rest_ns = run->next_ns > now_ns ? run->next_ns - now_ns : 0;
    struct timespec timeout = {(time_t)(rest_ns / 1000000000),
                               (long)(rest_ns % 1000000000)};

    if (ppoll(ready, 3, &timeout, NULL) > 0) {
        if (ready[0].revents != 0)
            launch_read_record(run);
        if (ready[1].revents != 0)
            launch_read_complaint(run);
        if (ready[2].revents != 0)
            *exited = true;
    }
    now_ns = hm_clock_now_ns();
    if (now_ns >= run->next_ns)
        launch_sample(run, now_ns);
}

/* After the exit: what is left in the pipes, but no waiting for grandchildren
 * that hold them open. */
static void launch_drain(struct launch_run *run)
{
    struct pollfd ready[] = {{run->record, POLLIN, 0},
                             {run->complaint, POLLIN, 0}};

    while (poll(ready, 2, 0) > 0) {
        if (ready[0].revents != 0)
            launch_read_record(run);
        if (ready[1].revents != 0)
            launch_read_complaint(run);
        ready[0].fd = run->record;
        ready[1].fd = run->complaint;
    }
}

static uint64_t launch_timeval_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_usec * 1000;
}

static void launch_reap(struct launch_run *run)
{
    struct hm_launched *launched = run->launched;
    struct rusage usage = {.ru_utime = {0, 0}};
    int status = 0;

    launched->elapsed_ns = hm_clock_now_ns() - run->start_ns;
    kill(-run->pid, SIGKILL);
    while (wait4(run->pid, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    launched->cpu_ns =
        launch_timeval_ns(usage.ru_utime) + launch_timeval_ns(usage.ru_stime);
    if (!run->killed) {
        launched->end = WIFSIGNALED(status) ? HM_END_SIGNAL : HM_END_EXIT;
        launched->code =
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    }
    launched->complaint[run->complaint_bytes] = '\0';
    for (char *c = launched->complaint; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ')
            *c = c[1] == '\0' ? '\0' : ' ';
    }
}

static void launch_fini(struct launch_run *run)
{
    launch_close(&run->process);
    launch_close(&run->record);
    launch_close(&run->complaint);
    launch_close(&run->statm);
    launch_close(&run->record_end);
    launch_close(&run->complaint_end);
    launch_close(&run->page);
    if (run->progress != NULL)
        (void)munmap(run->progress, LAUNCH_PAGE_BYTES);
}

int hm_launch_run(const struct hm_launch *launch, struct hm_launched *launched)
{
    struct launch_run run = {
        .launch = launch,
        .launched = launched,
        .process = -1,
        .record = -1,
        .complaint = -1,
        .statm = -1,
        .record_end = -1,
        .complaint_end = -1,
        .page = -1,
        .start_ns = hm_clock_now_ns(),
    };
    bool exited = false;
    int error;

    *launched = (struct hm_launched){.end = HM_END_EXIT};
    hm_record_reset(launch->record);
    hm_samples_reset(launch->samples);
    error = launch_start(&run);
    if (error == 0) {
        run.next_ns = run.start_ns;
        while (!exited)
            launch_wait(&run, &exited);
        launch_drain(&run);
        launch_reap(&run);
    }
    launch_fini(&run);
    return error;
}
