/* SPDX-License-Identifier: MIT */
/* bits.h -- bitmaps with a bit for each word of a heap. */
#ifndef HM_COLLECTORS_SUBSTRATE_BITS_H
#define HM_COLLECTORS_SUBSTRATE_BITS_H

#include "common/check.h"

#include <stddef.h>
#include <stdint.h>

static inline int hm_bits_get(const uint64_t *bits, size_t i)
{
    return (int)(bits[i / 64] >> i % 64 & 1);
}

static inline void hm_bits_set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= (uint64_t)1 << i % 64;
}

/* Sets [i, i + n), n >= 1. */
static inline void hm_bits_set_range(uint64_t *bits, size_t i, size_t n)
{
    size_t word = i / 64, last = (i + n - 1) / 64;
    uint64_t low = ~(uint64_t)0 << i % 64;
    uint64_t high = ~(uint64_t)0 >> (63 - (i + n - 1) % 64);

    HM_ASSERT(n > 0);
    if (word == last) {
        bits[word] |= low & high;
        return;
    }
    bits[word++] |= low;
    while (word < last)
        bits[word++] = ~(uint64_t)0;
    bits[last] |= high;
}

/* Clears [i, i + n). */
static inline void hm_bits_clear_range(uint64_t *bits, size_t i, size_t n)
{
    for (size_t end = i + n; i < end;) {
        size_t low = i % 64, step = 64 - low < end - i ? 64 - low : end - i;

        bits[i / 64] &= ~(~(uint64_t)0 >> (64 - step) << low);
        i += step;
    }
}

/* Sets the bits of `mask`, others may set more at once; returns what was set
 * before.  NOLINTNEXTLINE(readability-non-const-parameter): it is written */
static inline uint64_t hm_bits_or(uint64_t *word, uint64_t mask)
{
    return __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
}

/* Sets [i, i + n), n >= 1, while others do the same.  0: bit i was set,
 * perhaps by another thread just now, who cares for the rest. */
static inline __attribute__((always_inline)) int hm_bits_claim(uint64_t *bits,
                                                               size_t i,
                                                               size_t n)
{
    uint64_t *word = &bits[i / 64], first = (uint64_t)1 << i % 64;
    size_t in_word = 64 - i % 64;
    uint64_t mask = n < in_word ? (first << n) - first : -first;

    HM_ASSERT(n > 0);
    if (__atomic_load_n(word, __ATOMIC_RELAXED) & first)
        return 0;
    if (hm_bits_or(word, mask) & first)
        return 0;
    for (; n > in_word; in_word += 64) {
        size_t left = n - in_word;

        hm_bits_or(++word,
                   left < 64 ? ((uint64_t)1 << left) - 1 : ~(uint64_t)0);
    }
    return 1;
}

/* As hm_bits_get and hm_bits_set where others set bits of the same words; set
 * returns 0 when the bit was set before. */
static inline int hm_bits_get_shared(const uint64_t *bits, size_t i)
{
    return (int)(__atomic_load_n(&bits[i / 64], __ATOMIC_ACQUIRE) >> i % 64 &
                 1);
}

/* clang-tidy does not see the builtin write:
 * NOLINTNEXTLINE(*-non-const-parameter) */
static inline int hm_bits_set_shared(uint64_t *bits, size_t i)
{
    uint64_t bit = (uint64_t)1 << i % 64;

    return (__atomic_fetch_or(&bits[i / 64], bit, __ATOMIC_RELEASE) & bit) == 0;
}

/* The first set bit in [i, end), or `end`. */
static inline size_t hm_bits_next(const uint64_t *bits, size_t i, size_t end)
{
    size_t word = i / 64;
    uint64_t rest;

    if (i >= end)
        return end;
    rest = bits[word] & ~(uint64_t)0 << i % 64;
    while (rest == 0) {
        if (++word * 64 >= end)
            return end;
        rest = bits[word];
    }
    i = word * 64 + (unsigned)__builtin_ctzll(rest);
    return i < end ? i : end;
}

/* As hm_bits_next, in the same case. */
static inline size_t hm_bits_next_shared(const uint64_t *bits, size_t i,
                                         size_t end)
{
    for (; i < end; i = (i / 64 + 1) * 64) {
        uint64_t rest = __atomic_load_n(&bits[i / 64], __ATOMIC_ACQUIRE) &
                        ~(uint64_t)0 << i % 64;

        if (rest != 0) {
            i = i / 64 * 64 + (unsigned)__builtin_ctzll(rest);
            return i < end ? i : end;
        }
    }
    return end;
}

/* Number of set bits; without the instruction gcc would call a function. */
static inline unsigned hm_bits_count(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0Fu;
    return (unsigned)(word * 0x0101010101010101u >> 56);
}

#endif /* HM_COLLECTORS_SUBSTRATE_BITS_H */
