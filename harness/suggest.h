/* SPDX-License-Identifier: MIT */
/* suggest.h -- one clear line for what went wrong, with the word that was
 * probably meant. */
#ifndef HM_HARNESS_SUGGEST_H
#define HM_HARNESS_SUGGEST_H

#include <stddef.h>

/* Prints "heapmark: <message>" and a line end to stderr. */
void hm_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The words of errno numbers, without the libc's shared buffer.  `error` may
 * be negative. */
const char *hm_error_text(int error);

/* Number of insertions, deletions, replacements and swaps of neighbours that
 * make `a` into `b`; texts longer than 63 bytes count as infinitely far. */
unsigned hm_suggest_distance(const char *a, const char *b);

/* The one of n `candidate`s that `word` was most likely meant to be, or NULL
 * when none is near: at most a third of the letters wrong, or a beginning of
 * at least two letters. */
const char *hm_suggest(const char *word, const char *const *candidate,
                       size_t n);

#endif /* HM_HARNESS_SUGGEST_H */
