/* SPDX-License-Identifier: MIT */
/* cell_writer.h -- buffered text to a file descriptor, without stdio: its
 * buffers would come from the malloc under test. */
#ifndef HM_HARNESS_CELL_WRITER_H
#define HM_HARNESS_CELL_WRITER_H

#include <stddef.h>

enum { HM_CELL_WRITER_BYTES = 1 << 14, HM_CELL_LINE_BYTES = 1 << 13 };

struct hm_cell_writer {
    int fd;
    int error; /* errno of the first write that failed, else 0 */
    size_t used;
    char text[HM_CELL_WRITER_BYTES];
};

void hm_cell_writer_init(struct hm_cell_writer *writer, int fd);

/* Adds formatted text, cut at HM_CELL_LINE_BYTES - 1. */
__attribute__((format(printf, 2, 3))) void hm_cell_write(
    struct hm_cell_writer *writer, const char *format, ...);

/* Writes what is left.  Returns 0, or -errno of the first failure. */
int hm_cell_writer_end(struct hm_cell_writer *writer);

#endif /* HM_HARNESS_CELL_WRITER_H */
