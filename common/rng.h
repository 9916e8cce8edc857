/* SPDX-License-Identifier: MIT */
/* rng.h -- the seeded generator and the checksum of every workload.
 *
 * Only 32-bit adds, shifts and xors, so that C and JavaScript agree bit for
 * bit.  Never fails, never allocates; one generator per thread.
 *
 * Source: sfc32, C. Doty-Humphrey, PractRand; fmix32 of A. Appleby's
 *         MurmurHash3. */
#ifndef HM_COMMON_RNG_H
#define HM_COMMON_RNG_H

#include <stdint.h>

struct hm_rng {
    uint32_t a, b, c, d;
};

static inline uint32_t hm_rotl32(uint32_t x, unsigned bits)
{
    return (x << bits) | (x >> (32 - bits));
}

/* Uniform over all 32-bit values. */
static inline uint32_t hm_rng_next(struct hm_rng *rng)
{
    uint32_t t = rng->a + rng->b + rng->d;

    rng->d++;
    rng->a = rng->b ^ (rng->b >> 9);
    rng->b = rng->c + (rng->c << 3);
    rng->c = hm_rotl32(rng->c, 21) + t;
    return t;
}

static inline void hm_rng_seed(struct hm_rng *rng, uint32_t seed)
{
    rng->a = seed;
    rng->b = 0x9E3779B9u;
    rng->c = 0x243F6A88u;
    rng->d = 1;
    for (int i = 0; i < 12; i++)
        (void)hm_rng_next(rng);
}

/* In [0, n); n in [1, 2^21], where a JavaScript double gives the same. */
static inline uint32_t hm_rng_below(struct hm_rng *rng, uint32_t n)
{
    return (uint32_t)(((uint64_t)hm_rng_next(rng) * n) >> 32);
}

/* Folds `value` into checksum `h`; order matters.  Start from 0. */
static inline uint32_t hm_mix(uint32_t h, uint32_t value)
{
    return (hm_rotl32(h, 5) ^ value) * 0x9E3779B1u;
}

/* Final mixing of a checksum; also the hash of an integer key. */
static inline uint32_t hm_fin(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85EBCA6Bu;
    h ^= h >> 13;
    h *= 0xC2B2AE35u;
    return h ^ (h >> 16);
}

#endif /* HM_COMMON_RNG_H */
