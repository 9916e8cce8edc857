/* SPDX-License-Identifier: MIT */
/* pool.h -- memory and texts that live as long as a command of the driver.
 *
 * Everything comes from one pool and goes with it, so that no structure of
 * the driver owns anything by itself.  Running out of memory aborts with a
 * message: the driver needs a few MiB and cannot do anything useful without.
 * Threads: one per pool. */
#ifndef HM_HARNESS_POOL_H
#define HM_HARNESS_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct hm_pool_block;

struct hm_pool {
    struct hm_pool_block *first; /* NULL: empty; {0} initialises */
};

/* `bytes` of zeroed memory, aligned for any type. */
void *hm_pool_alloc(struct hm_pool *pool, size_t bytes);

/* Room for one more element behind the first `n` of `array`, which was made
 * by calls of this function (NULL when n is 0): `array`, or a larger copy. */
void *hm_pool_grow(struct hm_pool *pool, void *array, size_t n,
                   size_t element_bytes);

/* Copies of texts. */
char *hm_pool_copy(struct hm_pool *pool, const char *text);
char *hm_pool_copy_n(struct hm_pool *pool, const char *text, size_t bytes);
char *hm_pool_format(struct hm_pool *pool, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A copy of `text` as one word of a shell: in quotes where it needs them. */
char *hm_pool_shell_word(struct hm_pool *pool, const char *text);

/* Releases all; the pool is empty again. */
void hm_pool_fini(struct hm_pool *pool);

/* A list of texts. */
struct hm_words {
    char **word;
    size_t n;
};

/* Appends a copy of `text`. */
void hm_words_add(struct hm_pool *pool, struct hm_words *words,
                  const char *text);

/* Appends the words of `text`, which commas, blanks or line ends separate. */
void hm_words_split(struct hm_pool *pool, struct hm_words *words,
                    const char *text);

bool hm_words_has(const struct hm_words *words, const char *word);

#endif /* HM_HARNESS_POOL_H */
