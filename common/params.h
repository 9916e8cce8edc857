/* SPDX-License-Identifier: MIT */
/* params.h -- integer parameters of workloads and collectors: one row gives
 * the word, the defaults, the range and the help.  A choice has names for its
 * values: its meaning begins with them, "never|always: when ...", the first
 * for 0. */
#ifndef HM_COMMON_PARAMS_H
#define HM_COMMON_PARAMS_H

#include <stddef.h>
#include <stdint.h>

struct hm_param {
    const char *name;     /* [a-z0-9_]+; NULL ends a table */
    const char *meaning;  /* with its unit, or the names of its values */
    uint64_t quick, full; /* defaults of the two sizes */
    uint64_t min, max;    /* inclusive */
};

enum { HM_PARAMS_MAX = 24 };

/* Number of rows of a NULL-ended table, at most HM_PARAMS_MAX. */
size_t hm_params_count(const struct hm_param *table);

/* value[i] = default of row i: quick, or full when `full` is not 0. */
void hm_params_defaults(const struct hm_param *table, int full,
                        uint64_t *value);

/* Reads one "name=number" or "name=choice" into its place in `value`; a number
 * may end in K, M, G or T (2^10, 2^20, 2^30, 2^40).
 * Returns 0; -ENOENT for an unknown name, -EINVAL for no number, -ERANGE for
 * one outside the row's range.  `value` is unchanged on error. */
int hm_params_set(const struct hm_param *table, const char *word,
                  uint64_t *value);

/* Parses a whole decimal number with an optional K, M, G or T.
 * Returns 0, -EINVAL or -ERANGE (does not fit 64 bits). */
int hm_params_number(const char *text, uint64_t *number);

/* The same, or a name of a value at the beginning of `meaning`. */
int hm_params_value(const char *meaning, const char *text, uint64_t *number);

/* The name of a value at the beginning of `meaning`, and its length (it does
 * not end there); NULL when the value has none. */
const char *hm_params_choice(const char *meaning, uint64_t number,
                             size_t *length);

#endif /* HM_COMMON_PARAMS_H */
