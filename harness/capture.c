/* SPDX-License-Identifier: MIT */
#include "harness/capture.h"

#include "common/check.h"
#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* posix_spawn takes its vectors without const and does not write to them. */
union capture_vector {
    const char *const *in;
    char *const *out;
};

static int capture_spawn(const char *const *argv, const char *const *env,
                         int output, bool errors, pid_t *pid)
{
    union capture_vector arguments = {.in = argv}, variables = {.in = env};
    posix_spawn_file_actions_t actions;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, errors ? 1 : 2, "/dev/null",
                                     O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, errors ? 2 : 1);
    error = posix_spawnp(pid, argv[0], &actions, NULL, arguments.out,
                         variables.out);
    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* Reads until the end of the output; 0 or a negative errno. */
static int capture_read(int fd, unsigned seconds, char *text, size_t *used)
{
    uint64_t end_ns = hm_clock_now_ns() + seconds * UINT64_C(1000000000);
    struct pollfd ready = {fd, POLLIN, 0};

    for (;;) {
        uint64_t now_ns = hm_clock_now_ns();
        ssize_t got;

        if (now_ns >= end_ns)
            return -ETIMEDOUT;
        if (poll(&ready, 1, (int)((end_ns - now_ns) / 1000000) + 1) <= 0)
            continue;
        if (*used == HM_CAPTURE_MAX_BYTES)
            return -EOVERFLOW;
        got = read(fd, text + *used, HM_CAPTURE_MAX_BYTES - *used);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got > 0)
            *used += (size_t)got;
    }
}

int hm_capture(struct hm_pool *pool, const char *const *argv,
               const char *const *env, bool errors, unsigned seconds,
               char **out)
{
    char *text;
    size_t used = 0;
    int ends[2], error, status;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    error = capture_spawn(argv, env, ends[1], errors, &pid);
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return error;
    }
    text = malloc(HM_CAPTURE_MAX_BYTES);
    HM_CHECK(text != NULL);
    error = capture_read(ends[0], seconds, text, &used);
    close(ends[0]);
    if (error != 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    *out = hm_pool_copy_n(pool, text, used);
    free(text);
    if (error != 0)
        return error;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static const char *capture_variable(const char *name, size_t bytes)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        if (strncmp(*variable, name, bytes) == 0 && (*variable)[bytes] == '=')
            return *variable;
    }
    return NULL;
}

const char *const *hm_clean_environment(struct hm_pool *pool,
                                        const char *const *extra)
{
    static const char *const kept[] = {"PATH", "HOME", "TMPDIR"};
    size_t n = 0, n_extra = 0;
    const char **env;

    while (extra != NULL && extra[n_extra] != NULL)
        n_extra++;
    env = hm_pool_alloc(pool, (n_extra + 5) * sizeof *env);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        const char *variable = capture_variable(kept[i], strlen(kept[i]));

        if (variable != NULL)
            env[n++] = variable;
    }
    env[n++] = "LANG=C.UTF-8";
    for (size_t i = 0; i < n_extra; i++)
        env[n++] = extra[i];
    return env;
}
