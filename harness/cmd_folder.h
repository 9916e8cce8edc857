/* SPDX-License-Identifier: MIT */
/* cmd_folder.h -- what the verbs about one campaign share: their argument. */
#ifndef HM_HARNESS_CMD_FOLDER_H
#define HM_HARNESS_CMD_FOLDER_H

#include <argp.h>

/* The answer of a parser's function to the keys that are no options: takes the
 * one FOLDER into *folder.  Complains and returns EINVAL when there are two or
 * none; ARGP_ERR_UNKNOWN for other keys. */
error_t hm_folder_key(int key, const char *argument, const char **folder);

/* Parses the command line of `heapmark VERB`; `name` is these two words.
 * Returns 0 or HM_EXIT_USAGE, after a complaint. */
int hm_folder_parse(const struct argp *parser, const char *name, int argc,
                    char **argv, void *input);

/* Whether `folder` holds rows.  Returns 0 or HM_EXIT_FAILED, after a
 * complaint. */
int hm_folder_check(const char *folder);

#endif /* HM_HARNESS_CMD_FOLDER_H */
