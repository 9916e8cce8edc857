/* SPDX-License-Identifier: MIT */
#include "harness/campaign/progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PROGRESS_LEFT_BYTES = 40 };

/* Of a terminal; 0: not known. */
static unsigned progress_columns(FILE *out)
{
    struct winsize size;

    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void hm_progress_init(struct hm_progress_line *progress, FILE *out, size_t done,
                      size_t total, unsigned blocks)
{
    *progress = (struct hm_progress_line){
        .out = out,
        .terminal = isatty(fileno(out)) != 0,
        .columns = progress_columns(out),
        .done = done,
        .total = total,
        .blocks = blocks,
    };
}

uint64_t hm_progress_left_ns(const struct hm_progress_line *progress)
{
    size_t in_block = progress->blocks > 0 ? progress->total / progress->blocks
                                           : progress->total;
    uint64_t left_ns;

    if (progress->made == 0 || progress->done >= progress->total)
        return 0;
    left_ns = progress->spent_ns / progress->made *
              (progress->total - progress->done);
    if (progress->made_first > 0 && progress->done < in_block) {
        left_ns += progress->extra_ns / progress->made_first *
                   (in_block - progress->done);
    }
    return left_ns;
}

void hm_progress_clear(struct hm_progress_line *progress)
{
    if (progress->terminal)
        (void)fputs("\r\033[K", progress->out);
    (void)fflush(progress->out);
}

/* "   about 12 s left", "   about 3 min left"; "" before the first run. */
static void progress_left(char text[PROGRESS_LEFT_BYTES],
                          const struct hm_progress_line *progress)
{
    double left_s = (double)hm_progress_left_ns(progress) / 1e9;

    text[0] = '\0';
    if (progress->made == 0)
        return;
    if (left_s < 99.5) {
        (void)snprintf(text, PROGRESS_LEFT_BYTES, "   about %.0f s left",
                       left_s);
    } else if (left_s < 99.5 * 60) {
        (void)snprintf(text, PROGRESS_LEFT_BYTES, "   about %.0f min left",
                       left_s / 60);
    } else {
        (void)snprintf(text, PROGRESS_LEFT_BYTES, "   about %.0f h left",
                       left_s / 3600);
    }
}

void hm_progress_put_left(const struct hm_progress_line *progress)
{
    char left[PROGRESS_LEFT_BYTES];

    progress_left(left, progress);
    (void)fputs(left, progress->out);
}

void hm_progress_begin(struct hm_progress_line *progress, unsigned block,
                       const char *name)
{
    char where[96], in_block[48] = "", left[PROGRESS_LEFT_BYTES];
    int used, room;

    progress->block = block;
    if (!progress->terminal)
        return;
    if (progress->blocks > 0) {
        (void)snprintf(in_block, sizeof in_block, "block %u/%u  ", block + 1,
                       progress->blocks);
    }
    used = snprintf(where, sizeof where, "[%3zu/%zu] %s", progress->done + 1,
                    progress->total, in_block);
    progress_left(left, progress);
    room = (int)progress->columns - 1 - used - (int)strlen(left);
    if (progress->columns == 0 || room > (int)strlen(name))
        room = (int)strlen(name);
    fprintf(progress->out, "\r\033[K%s%.*s%s", where, room > 0 ? room : 0, name,
            left);
    (void)fflush(progress->out);
}

void hm_progress_end(struct hm_progress_line *progress, const char *name,
                     const char *status, const char *reason,
                     uint64_t elapsed_ns, uint64_t extra_ns)
{
    progress->done++;
    progress->made++;
    progress->made_first += progress->block == 0;
    progress->spent_ns += elapsed_ns;
    progress->extra_ns += extra_ns;
    if (strcmp(status, "ok") == 0)
        return;
    if (strcmp(status, "unsupported") != 0)
        progress->failed++;
    if (progress->block > 0 || progress->brief)
        return;
    hm_progress_clear(progress);
    fprintf(progress->out, "%s: %s (%s)\n", name, status, reason);
    (void)fflush(progress->out);
}

void hm_progress_block(struct hm_progress_line *progress, unsigned block)
{
    if (progress->terminal || progress->brief)
        return;
    fprintf(progress->out, "block %u/%u: %zu/%zu runs", block + 1,
            progress->blocks, progress->done, progress->total);
    hm_progress_put_left(progress);
    fputc('\n', progress->out);
    (void)fflush(progress->out);
}
