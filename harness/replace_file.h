/* SPDX-License-Identifier: MIT */
/* replace_file.h -- writes a file so that its name never stands for half of
 * it: under another name first, renamed when complete. */
#ifndef HM_HARNESS_REPLACE_FILE_H
#define HM_HARNESS_REPLACE_FILE_H

#include <stdio.h>

struct hm_replace_file {
    FILE *out; /* write here */
    char path[4096], partial[4128];
};

/* Begins to write FOLDER/NAME.  Returns 0 or a negative errno; then there is
 * nothing to end. */
int hm_replace_begin(struct hm_replace_file *file, const char *folder,
                     const char *name);

/* Ends it: with error = 0 the new file takes the name, else, and when not all
 * could be written, it is removed and the old one stays.  Returns `error`, or
 * the negative errno of what failed here. */
int hm_replace_end(struct hm_replace_file *file, int error);

#endif /* HM_HARNESS_REPLACE_FILE_H */
