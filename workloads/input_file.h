/* SPDX-License-Identifier: MIT */
/* input_file.h -- the generated file that file workloads read.
 *
 * Lines `id,user<n>,tag<n>,<amount>` from a seed of the file's own, so that
 * every run reads the same bytes.  Written once per folder and size, under a
 * name that holds both, and used again.
 *
 * Errors: a file that cannot be made or read ends the process with status 1
 *         and one line on stderr; no partial file keeps the final name.
 * Heap:   nothing here allocates. */
#ifndef HM_WORKLOADS_INPUT_FILE_H
#define HM_WORKLOADS_INPUT_FILE_H

#include <stddef.h>
#include <stdint.h>

enum { HM_INPUT_PATH_MAX = 4096 };

struct hm_input_file {
    const char *workload; /* named in messages */
    int fd;
    uint64_t bytes;
    char path[HM_INPUT_PATH_MAX];
};

/* Opens the file of the least whole number of 1000 lines that has at least
 * `least_bytes` >= 1, in folder `dir`; makes it first where it is missing or
 * has another size, and reads it once so that it is in memory. */
void hm_input_file_open(struct hm_input_file *file, const char *workload,
                        const char *dir, uint64_t least_bytes);
void hm_input_file_close(struct hm_input_file *file);

/* The next read starts at the beginning. */
void hm_input_file_rewind(struct hm_input_file *file);

/* Reads up to `bytes` into `to`; 0 at the end. */
size_t hm_input_file_read(struct hm_input_file *file, void *to, size_t bytes);

/* Ends the process: "WORKLOAD: PATH: what: reason of `error`". */
_Noreturn void hm_input_file_fail(const struct hm_input_file *file,
                                  const char *what, int error);

#endif /* HM_WORKLOADS_INPUT_FILE_H */
