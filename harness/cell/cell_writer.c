/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_writer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void hm_cell_writer_init(struct hm_cell_writer *writer, int fd)
{
    writer->fd = fd;
    writer->error = 0;
    writer->used = 0;
}

static void writer_flush(struct hm_cell_writer *writer)
{
    size_t done = 0;

    while (done < writer->used && writer->error == 0) {
        ssize_t n = write(writer->fd, writer->text + done, writer->used - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            writer->error = errno;
        }
    }
    writer->used = 0;
}

void hm_cell_write(struct hm_cell_writer *writer, const char *format, ...)
{
    va_list list;
    int n;

    if (writer->used + HM_CELL_LINE_BYTES > HM_CELL_WRITER_BYTES)
        writer_flush(writer);
    va_start(list, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): just above */
    n = vsnprintf(writer->text + writer->used, HM_CELL_LINE_BYTES, format,
                  list);
    va_end(list);
    if (n < 0) {
        writer->error = errno;
    } else if (n >= HM_CELL_LINE_BYTES) {
        writer->used += HM_CELL_LINE_BYTES - 1;
    } else {
        writer->used += (size_t)n;
    }
}

int hm_cell_writer_end(struct hm_cell_writer *writer)
{
    writer_flush(writer);
    return -writer->error;
}
