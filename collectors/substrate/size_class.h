/* SPDX-License-Identifier: MIT */
/* size_class.h -- the cells that segregated small objects lie in: one size for
 * each number of words up to 16, eight to a doubling up to 256 words, then
 * 15, 14, ... 4 cells to a block.  Waste is below 1/8 up to 2 KiB, below 1/4
 * above. */
#ifndef HM_COLLECTORS_SUBSTRATE_SIZE_CLASS_H
#define HM_COLLECTORS_SUBSTRATE_SIZE_CLASS_H

#include <stddef.h>

enum {
    HM_SIZE_EXACT = 16,    /* up to so many words: a class for each size */
    HM_SIZE_EIGHTHS = 256, /* up to here: eight classes to a doubling */
    HM_SIZE_CLASSES = 60,
};

/* The class of an object of 1..HM_LARGE_WORDS words. */
static inline unsigned hm_size_class(size_t words)
{
    unsigned n = (unsigned)words - 1, log2;

    if (words <= HM_SIZE_EXACT)
        return n;
    if (words > HM_SIZE_EIGHTHS)
        return 48 + (15 - 4096 / (unsigned)words);
    log2 = 31 - (unsigned)__builtin_clz(n);
    return 16 + (log2 - 4) * 8 + (n >> (log2 - 3)) - 8;
}

/* Words of a cell of class c. */
static inline unsigned hm_size_class_words(unsigned c)
{
    if (c < 16)
        return c + 1;
    if (c >= 48)
        return 4096 / (15 - (c - 48));
    return ((c - 16) % 8 + 9) << ((c - 16) / 8 + 1);
}

#endif /* HM_COLLECTORS_SUBSTRATE_SIZE_CLASS_H */
