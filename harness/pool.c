/* SPDX-License-Identifier: MIT */
#include "harness/pool.h"

#include "common/check.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct hm_pool_block {
    struct hm_pool_block *next;
    alignas(max_align_t) unsigned char memory[];
};

void *hm_pool_alloc(struct hm_pool *pool, size_t bytes)
{
    struct hm_pool_block *block = calloc(1, sizeof *block + bytes);

    HM_CHECK(block != NULL);
    block->next = pool->first;
    pool->first = block;
    return block->memory;
}

/* Capacities are the powers of two: n is full when it is one (or 0). */
void *hm_pool_grow(struct hm_pool *pool, void *array, size_t n,
                   size_t element_bytes)
{
    void *larger;

    if (n > 0 && (n & (n - 1)) != 0)
        return array;
    larger = hm_pool_alloc(pool, (n > 0 ? 2 * n : 1) * element_bytes);
    if (n > 0)
        memcpy(larger, array, n * element_bytes);
    return larger;
}

char *hm_pool_copy_n(struct hm_pool *pool, const char *text, size_t bytes)
{
    char *copy = hm_pool_alloc(pool, bytes + 1);

    memcpy(copy, text, bytes);
    return copy;
}

char *hm_pool_copy(struct hm_pool *pool, const char *text)
{
    return hm_pool_copy_n(pool, text, strlen(text));
}

char *hm_pool_format(struct hm_pool *pool, const char *format, ...)
{
    va_list arguments;
    char *text, *copy;
    int bytes;

    va_start(arguments, format);
    bytes = vasprintf(&text, format, arguments);
    va_end(arguments);
    HM_CHECK(bytes >= 0);
    copy = hm_pool_copy(pool, text);
    free(text);
    return copy;
}

void hm_pool_fini(struct hm_pool *pool)
{
    struct hm_pool_block *block, *next;

    for (block = pool->first; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    pool->first = NULL;
}

char *hm_pool_shell_word(struct hm_pool *pool, const char *text)
{
    char *word, *to;

    if (*text != '\0' &&
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789_-+./:@%,") == strlen(text))
        return hm_pool_copy(pool, text);
    word = to = hm_pool_alloc(pool, 4 * strlen(text) + 3);
    *to++ = '\'';
    for (; *text != '\0'; text++)
        to = *text == '\'' ? stpcpy(to, "'\\''") : (*to = *text, to + 1);
    stpcpy(to, "'");
    return word;
}

void hm_words_add(struct hm_pool *pool, struct hm_words *words,
                  const char *text)
{
    words->word =
        hm_pool_grow(pool, words->word, words->n, sizeof *words->word);
    words->word[words->n++] = hm_pool_copy(pool, text);
}

void hm_words_split(struct hm_pool *pool, struct hm_words *words,
                    const char *text)
{
    static const char separators[] = ", \t\r\n";
    size_t bytes;

    for (;;) {
        text += strspn(text, separators);
        bytes = strcspn(text, separators);
        if (bytes == 0)
            return;
        hm_words_add(pool, words, hm_pool_copy_n(pool, text, bytes));
        text += bytes;
    }
}

bool hm_words_has(const struct hm_words *words, const char *word)
{
    for (size_t i = 0; i < words->n; i++) {
        if (strcmp(words->word[i], word) == 0)
            return true;
    }
    return false;
}
