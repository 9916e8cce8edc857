/* SPDX-License-Identifier: MIT */
#include "harness/campaign/syscalls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Those by which memory is had, shaped and given back, and waited for. */
static const char *const syscalls_kinds[] = {
    "mmap", "munmap", "mremap", "madvise", "mprotect", "brk", "futex",
};

enum { SYSCALLS_KINDS = sizeof syscalls_kinds / sizeof syscalls_kinds[0] };

static const char syscalls_border[] = "getrusage";

struct syscalls {
    unsigned borders; /* of the window, that were passed */
    uint64_t count[SYSCALLS_KINDS];
};

static const char *syscalls_file(struct hm_pool *pool, const char *folder)
{
    return hm_pool_format(pool, "%s/strace.out", folder);
}

const char *const *hm_syscalls_argv(struct hm_pool *pool, const char *strace,
                                    const char *folder, const char *const *argv)
{
    const char *trace = hm_pool_format(pool, "--trace=%s", syscalls_border);
    struct hm_words all = {NULL, 0};

    for (size_t k = 0; k < SYSCALLS_KINDS; k++)
        trace = hm_pool_format(pool, "%s,%s", trace, syscalls_kinds[k]);
    hm_words_add(pool, &all, strace);
    hm_words_add(pool, &all, "--follow-forks");
    hm_words_add(pool, &all, "--seccomp-bpf"); /* other calls cost nothing */
    hm_words_add(pool, &all, "--quiet=all");
    hm_words_add(pool, &all, "--signal=none");
    hm_words_add(pool, &all, trace);
    hm_words_add(
        pool, &all,
        hm_pool_format(pool, "--output=%s", syscalls_file(pool, folder)));
    while (*argv != NULL)
        hm_words_add(pool, &all, *argv++);
    all.word = hm_pool_grow(pool, all.word, all.n, sizeof *all.word);
    all.word[all.n] = NULL;
    return (const char *const *)all.word;
}

/* "1234  mmap(NULL, ...) = 0x7f..."; without the number when there was one
 * thread.  A call that another thread's interrupts has two lines, of which the
 * second begins with "<...". */
static void syscalls_add(struct syscalls *syscalls, const char *line)
{
    size_t length;

    line += strspn(line, "0123456789 ");
    length = strcspn(line, "(");
    if (line[length] != '(')
        return;
    if (length == sizeof syscalls_border - 1 &&
        strncmp(line, syscalls_border, length) == 0)
        syscalls->borders++;
    if (syscalls->borders != 1)
        return;
    for (size_t k = 0; k < SYSCALLS_KINDS; k++) {
        if (strlen(syscalls_kinds[k]) == length &&
            strncmp(line, syscalls_kinds[k], length) == 0)
            syscalls->count[k]++;
    }
}

static void syscalls_read(struct syscalls *syscalls, FILE *file)
{
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, file) > 0)
        syscalls_add(syscalls, line);
    free(line);
}

int hm_syscalls_take(struct hm_pool *pool, const char *folder,
                     const char **figures)
{
    const char *path = syscalls_file(pool, folder), *text = "";
    struct syscalls syscalls = {.borders = 0};
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return -errno;
    syscalls_read(&syscalls, file);
    (void)fclose(file);
    (void)unlink(path);
    if (syscalls.borders < 2)
        return -EILSEQ;
    for (size_t k = 0; k < SYSCALLS_KINDS; k++) {
        text = hm_pool_format(pool, "%s%s%s_calls=%" PRIu64, text,
                              k > 0 ? ";" : "", syscalls_kinds[k],
                              syscalls.count[k]);
    }
    *figures = text;
    return 0;
}
