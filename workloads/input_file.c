/* SPDX-License-Identifier: MIT */
#include "workloads/input_file.h"

#include "common/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INPUT_FILE_SEED = 1, /* whatever the seed of the run is */
    INPUT_FILE_TAGS = 64 * 64,
    INPUT_FILE_BLOCK_LINES = 1000,
    INPUT_FILE_LINE_MAX = 64,
    INPUT_FILE_BUFFER_BYTES = 64 << 10,
};

static char input_file_buffer[INPUT_FILE_BUFFER_BYTES];

/* Yields the lines one by one. */
struct input_file_source {
    struct hm_rng rng;
    uint32_t id;
    uint64_t bytes, least_bytes; /* so far; at least */
};

void hm_input_file_fail(const struct hm_input_file *file, const char *what,
                        int error)
{
    fprintf(stderr, "%s: %s: %s: %s\n", file->workload, file->path, what,
            strerror(error)); /* NOLINT(concurrency-mt-unsafe): one thread */
    exit(EXIT_FAILURE);       /* NOLINT(concurrency-mt-unsafe): one thread */
}

static char *input_file_put_text(char *at, const char *text)
{
    while (*text != '\0')
        *at++ = *text++;
    return at;
}

static char *input_file_put_number(char *at, uint32_t number)
{
    char digits[10];
    unsigned n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static struct input_file_source input_file_source(uint64_t least_bytes)
{
    struct input_file_source source = {.least_bytes = least_bytes};

    hm_rng_seed(&source.rng, INPUT_FILE_SEED);
    return source;
}

/* Writes the next line to `line` (INPUT_FILE_LINE_MAX characters); returns
 * its bytes, 0 after the last one. */
static size_t input_file_next(struct input_file_source *source, char *line)
{
    uint32_t tag, user, amount;
    char *at = line;

    if (source->id % INPUT_FILE_BLOCK_LINES == 0 &&
        source->bytes >= source->least_bytes)
        return 0;
    tag = hm_rng_below(&source->rng, INPUT_FILE_TAGS);
    user = hm_rng_next(&source->rng) % 1000000;
    amount = hm_rng_next(&source->rng) % 100000;
    at = input_file_put_number(at, source->id++);
    at = input_file_put_text(at, ",user");
    at = input_file_put_number(at, user);
    at = input_file_put_text(at, ",tag");
    at = input_file_put_number(at, tag);
    *at++ = ',';
    at = input_file_put_number(at, amount);
    *at++ = '\n';
    source->bytes += (uint64_t)(at - line);
    return (size_t)(at - line);
}

static uint64_t input_file_exact_bytes(uint64_t least_bytes)
{
    struct input_file_source source = input_file_source(least_bytes);
    char line[INPUT_FILE_LINE_MAX];

    while (input_file_next(&source, line) > 0)
        continue;
    return source.bytes;
}

/* Returns 0 or a positive errno. */
static int input_file_write(int fd, const char *from, size_t bytes)
{
    while (bytes > 0) {
        ssize_t n = write(fd, from, bytes);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        from += n;
        bytes -= (size_t)n;
    }
    return 0;
}

/* All lines, through the buffer.  Returns 0 or a positive errno. */
static int input_file_fill(int fd, uint64_t least_bytes)
{
    struct input_file_source source = input_file_source(least_bytes);
    size_t used = 0, n;
    int error = 0;

    while ((n = input_file_next(&source, input_file_buffer + used)) > 0) {
        used += n;
        if (used + INPUT_FILE_LINE_MAX <= sizeof(input_file_buffer))
            continue;
        error = input_file_write(fd, input_file_buffer, used);
        if (error != 0)
            return error;
        used = 0;
    }
    return input_file_write(fd, input_file_buffer, used);
}

/* Under another name first: several cells may make the same file at once, and
 * one that dies must not leave half a file behind for the others. */
static void input_file_make(const struct hm_input_file *file,
                            uint64_t least_bytes)
{
    struct hm_input_file part = *file;
    size_t n = strlen(part.path);
    int error;

    (void)snprintf(part.path + n, sizeof(part.path) - n, ".%ld",
                   (long)getpid());
    part.fd = open(part.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (part.fd < 0)
        hm_input_file_fail(&part, "cannot create the input file", errno);
    error = input_file_fill(part.fd, least_bytes);
    if (close(part.fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(part.path, file->path) != 0)
        error = errno;
    if (error != 0) {
        (void)unlink(part.path);
        hm_input_file_fail(&part, "cannot write the input file", error);
    }
}

static int input_file_is_there(const struct hm_input_file *file)
{
    struct stat status;

    return stat(file->path, &status) == 0 && S_ISREG(status.st_mode) &&
           (uint64_t)status.st_size == file->bytes;
}

static void input_file_warm(struct hm_input_file *file)
{
    while (hm_input_file_read(file, input_file_buffer,
                              sizeof(input_file_buffer)) > 0)
        continue;
    hm_input_file_rewind(file);
}

void hm_input_file_open(struct hm_input_file *file, const char *workload,
                        const char *dir, uint64_t least_bytes)
{
    int n;

    file->workload = workload;
    file->fd = -1;
    file->bytes = input_file_exact_bytes(least_bytes);
    n = snprintf(file->path, sizeof(file->path), "%s/lines-%llu-%d.csv", dir,
                 (unsigned long long)file->bytes, INPUT_FILE_SEED);
    if (n < 0 || (size_t)n + 16 > sizeof(file->path)) /* room for ".pid" */
        hm_input_file_fail(file, "the path is too long", ENAMETOOLONG);
    if (!input_file_is_there(file))
        input_file_make(file, least_bytes);
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0)
        hm_input_file_fail(file, "cannot open the input file", errno);
    input_file_warm(file);
}

void hm_input_file_close(struct hm_input_file *file)
{
    (void)close(file->fd);
    file->fd = -1;
}

void hm_input_file_rewind(struct hm_input_file *file)
{
    if (lseek(file->fd, 0, SEEK_SET) != 0)
        hm_input_file_fail(file, "cannot rewind the input file", errno);
}

size_t hm_input_file_read(struct hm_input_file *file, void *to, size_t bytes)
{
    ssize_t n;

    do {
        n = read(file->fd, to, bytes);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        hm_input_file_fail(file, "cannot read the input file", errno);
    return (size_t)n;
}
