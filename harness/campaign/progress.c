/* SPDX-License-Identifier: MIT */
#include "harness/campaign/progress.h"

#include <string.h>
#include <unistd.h>

void hm_progress_init(struct hm_progress_line *progress, FILE *out, size_t done,
                      size_t total, unsigned blocks)
{
    *progress = (struct hm_progress_line){
        .out = out,
        .terminal = isatty(fileno(out)) != 0,
        .done = done,
        .total = total,
        .blocks = blocks,
    };
}

uint64_t hm_progress_left_ns(const struct hm_progress_line *progress)
{
    if (progress->made == 0 || progress->done >= progress->total)
        return 0;
    return progress->spent_ns / progress->made *
           (progress->total - progress->done);
}

void hm_progress_clear(struct hm_progress_line *progress)
{
    if (progress->terminal)
        (void)fputs("\r\033[K", progress->out);
    (void)fflush(progress->out);
}

void hm_progress_put_left(const struct hm_progress_line *progress)
{
    if (progress->made > 0) {
        fprintf(progress->out, "   about %.0f s left",
                (double)hm_progress_left_ns(progress) / 1e9);
    }
}

void hm_progress_begin(struct hm_progress_line *progress, unsigned block,
                       const char *name)
{
    progress->block = block;
    if (!progress->terminal)
        return;
    fprintf(progress->out, "\r\033[K[%3zu/%zu] ", progress->done + 1,
            progress->total);
    if (progress->blocks > 0)
        fprintf(progress->out, "block %u/%u  ", block + 1, progress->blocks);
    (void)fputs(name, progress->out);
    hm_progress_put_left(progress);
    (void)fflush(progress->out);
}

void hm_progress_end(struct hm_progress_line *progress, const char *name,
                     const char *status, const char *reason,
                     uint64_t elapsed_ns)
{
    progress->done++;
    progress->made++;
    progress->spent_ns += elapsed_ns;
    if (strcmp(status, "ok") == 0)
        return;
    if (strcmp(status, "unsupported") != 0)
        progress->failed++;
    if (progress->block > 0)
        return;
    hm_progress_clear(progress);
    fprintf(progress->out, "%s: %s (%s)\n", name, status, reason);
    (void)fflush(progress->out);
}

void hm_progress_block(struct hm_progress_line *progress, unsigned block)
{
    if (progress->terminal)
        return;
    fprintf(progress->out, "block %u/%u: %zu/%zu runs", block + 1,
            progress->blocks, progress->done, progress->total);
    hm_progress_put_left(progress);
    fputc('\n', progress->out);
    (void)fflush(progress->out);
}
