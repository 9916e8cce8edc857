/* SPDX-License-Identifier: MIT */
/* slot_set.h -- a remembered set: which slots of a range may hold references
 * that a partial collection has to know.
 *
 * One bit for each word of the range, in chunks of 32 KiB (512 bytes of bits).
 * Chunks that hold a slot are in a list, and a summary word tells which words
 * of bits are not zero: visiting is proportional to the slots, forgetting a
 * chunk that holds none costs nothing.  Bits and table are charged when a part
 * of the range is covered, so adding a slot cannot fail.
 *
 * Source: after V8's SlotSet: exact slots rather than cards. */
#ifndef HM_COLLECTORS_SUBSTRATE_SLOT_SET_H
#define HM_COLLECTORS_SUBSTRATE_SLOT_SET_H

#include "collectors/reference.h"
#include "collectors/substrate/bits.h"
#include "collectors/substrate/budget.h"
#include "collectors/substrate/range.h"

#include <stdint.h>

enum {
    HM_SLOT_CHUNK_WORDS = 4096,
    HM_SLOT_CHUNK_BYTES = HM_SLOT_CHUNK_WORDS * 8,
    HM_SLOT_CHUNK_BITS_BYTES = HM_SLOT_CHUNK_WORDS / 8,
};

#define HM_SLOT_CHUNK_NONE UINT32_MAX

struct hm_slot_chunk {
    uint64_t dirty; /* bit i: word i of the chunk's bits is not zero */
    uint32_t next;
    uint32_t is_listed;
};

struct hm_slot_set {
    struct hm_range bits_range, table_range;
    struct hm_budget *budget;
    hm_ref *start; /* of the range described */
    uint64_t *bits;
    struct hm_slot_chunk *chunk;
    uint32_t n_chunks; /* covered */
    uint32_t listed;   /* chunks that may hold a slot */
};

/* An empty set for slots in `range`.  Returns 1; 0 when the system refuses the
 * address space. */
int hm_slot_set_open(struct hm_slot_set *set, const struct hm_range *range,
                     struct hm_budget *budget);
void hm_slot_set_close(struct hm_slot_set *set);

/* Makes the first `bytes` of the range ready for slots.  Returns 1; 0 when the
 * budget or the system refuses. */
int hm_slot_set_cover(struct hm_slot_set *set, size_t bytes);

/* Gives back what only the range from `bytes` on needs; no slot is there. */
void hm_slot_set_trim(struct hm_slot_set *set, size_t bytes);

/* Forgets the slots in the first `words` from `start`, both in the covered
 * part of the range. */
void hm_slot_set_remove(struct hm_slot_set *set, const void *start,
                        size_t words);

/* Keeps, of chunk c, the slots whose bit is set in `bits` (64 words). */
void hm_slot_set_keep(struct hm_slot_set *set, uint32_t c,
                      const uint64_t *bits);

/* Number of slots in the set. */
size_t hm_slot_set_count(const struct hm_slot_set *set);

/* NULL, or what is wrong with list and summaries. */
const char *hm_slot_set_check(const struct hm_slot_set *set);

static inline size_t hm_slot_set_word(const struct hm_slot_set *set,
                                      const hm_ref *slot)
{
    return ((uintptr_t)slot - (uintptr_t)set->start) / sizeof(hm_ref);
}

static inline int hm_slot_set_has(const struct hm_slot_set *set,
                                  const hm_ref *slot)
{
    size_t word = hm_slot_set_word(set, slot);

    return hm_bits_get(set->bits, word);
}

static inline void hm_slot_set_list(struct hm_slot_set *set, size_t c)
{
    if (set->chunk[c].is_listed)
        return;
    set->chunk[c].is_listed = 1;
    set->chunk[c].next = set->listed;
    set->listed = (uint32_t)c;
}

/* Adds a slot of the covered part; not while the set is visited. */
static inline void hm_slot_set_add(struct hm_slot_set *set, const hm_ref *slot)
{
    size_t word = hm_slot_set_word(set, slot), c = word / HM_SLOT_CHUNK_WORDS;

    HM_ASSERT(c < set->n_chunks);
    hm_bits_set(set->bits, word);
    set->chunk[c].dirty |= (uint64_t)1 << word / 64 % 64;
    hm_slot_set_list(set, c);
}

/* Visits the slots of one word of bits; returns the bits of those to keep. */
static inline uint64_t hm_slot_set_visit(uint64_t bits, hm_ref *first,
                                         int (*visit)(void *arg, hm_ref *slot),
                                         void *arg)
{
    uint64_t keep = 0;

    for (uint64_t rest = bits; rest != 0; rest &= rest - 1) {
        int i = __builtin_ctzll(rest);

        if (visit(arg, first + i))
            keep |= rest & (0 - rest);
    }
    return keep;
}

/* Calls visit(arg, slot) for every slot and forgets those for which it returns
 * 0; inlined.  `visit` may not add slots. */
static inline void hm_slot_set_each(struct hm_slot_set *set,
                                    int (*visit)(void *arg, hm_ref *slot),
                                    void *arg)
{
    uint32_t c = set->listed, next;

    set->listed = HM_SLOT_CHUNK_NONE;
    for (; c != HM_SLOT_CHUNK_NONE; c = next) {
        struct hm_slot_chunk *chunk = &set->chunk[c];
        uint64_t *bits = set->bits + (size_t)c * 64;
        hm_ref *slot = set->start + (size_t)c * HM_SLOT_CHUNK_WORDS;

        next = chunk->next;
        for (uint64_t rest = chunk->dirty; rest != 0; rest &= rest - 1) {
            int i = __builtin_ctzll(rest);

            bits[i] =
                hm_slot_set_visit(bits[i], slot + (size_t)i * 64, visit, arg);
            if (bits[i] == 0)
                chunk->dirty &= ~(rest & (0 - rest));
        }
        chunk->is_listed = 0;
        if (chunk->dirty != 0)
            hm_slot_set_list(set, c);
    }
}

/* ---- by several threads ----
 *
 * Threads that visit each claim a chunk at a time, and may add slots anywhere
 * meanwhile.  Whoever takes a word of bits out puts back what it keeps of it;
 * who adds sets first the bit, then the summary, then lists the chunk, each
 * unless it finds that done; who visits undoes that in the opposite order.  So
 * what is added is either visited or left in the set.  Both rely on one order
 * of all these accesses: they are sequentially consistent. */

/* Takes the list of chunks away; for hm_slot_set_claim. */
static inline uint32_t hm_slot_set_detach(struct hm_slot_set *set)
{
    uint32_t c = set->listed;

    set->listed = HM_SLOT_CHUNK_NONE;
    return c;
}

/* The next chunk of a detached list, of which *at is what is left; NONE at
 * the end.  `next` may be that of another list already: then the chunk has been
 * claimed, and the exchange fails.  clang-tidy does not see the builtin write:
 * NOLINTNEXTLINE(*-non-const-parameter) */
static inline uint32_t hm_slot_set_claim(struct hm_slot_set *set, uint32_t *at)
{
    uint32_t c = __atomic_load_n(at, __ATOMIC_ACQUIRE), next;

    do {
        if (c == HM_SLOT_CHUNK_NONE)
            return c;
        next = __atomic_load_n(&set->chunk[c].next, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(at, &c, next, 0, __ATOMIC_ACQUIRE,
                                          __ATOMIC_ACQUIRE));
    return c;
}

static inline void hm_slot_set_list_shared(struct hm_slot_set *set, size_t c)
{
    struct hm_slot_chunk *chunk = &set->chunk[c];
    uint32_t listed;

    if (__atomic_load_n(&chunk->is_listed, __ATOMIC_SEQ_CST) ||
        __atomic_exchange_n(&chunk->is_listed, 1, __ATOMIC_SEQ_CST))
        return;
    listed = __atomic_load_n(&set->listed, __ATOMIC_RELAXED);
    do {
        __atomic_store_n(&chunk->next, listed, __ATOMIC_RELAXED);
    } while (!__atomic_compare_exchange_n(&set->listed, &listed, (uint32_t)c, 0,
                                          __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* Adds the slots of `mask` in word i of all bits. */
static inline void hm_slot_set_or_shared(struct hm_slot_set *set, size_t i,
                                         uint64_t mask)
{
    struct hm_slot_chunk *chunk = &set->chunk[i / 64];
    uint64_t bit = (uint64_t)1 << i % 64;

    (void)__atomic_fetch_or(&set->bits[i], mask, __ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&chunk->dirty, __ATOMIC_SEQ_CST) & bit))
        (void)__atomic_fetch_or(&chunk->dirty, bit, __ATOMIC_SEQ_CST);
    hm_slot_set_list_shared(set, i / 64);
}

/* As hm_slot_set_add. */
static inline void hm_slot_set_add_shared(struct hm_slot_set *set,
                                          const hm_ref *slot)
{
    size_t word = hm_slot_set_word(set, slot);

    hm_slot_set_or_shared(set, word / 64, (uint64_t)1 << word % 64);
}

/* As hm_slot_set_each, for a claimed chunk.  `visit` may add slots; it returns
 * 1 for what others add meanwhile, or summaries would claim too much. */
static inline void hm_slot_set_each_of(struct hm_slot_set *set, uint32_t c,
                                       int (*visit)(void *arg, hm_ref *slot),
                                       void *arg)
{
    struct hm_slot_chunk *chunk = &set->chunk[c];
    uint64_t rest;

    __atomic_store_n(&chunk->is_listed, 0, __ATOMIC_SEQ_CST);
    rest = __atomic_exchange_n(&chunk->dirty, 0, __ATOMIC_SEQ_CST);
    for (; rest != 0; rest &= rest - 1) {
        size_t i = (size_t)c * 64 + (unsigned)__builtin_ctzll(rest);
        uint64_t bits = __atomic_exchange_n(&set->bits[i], 0, __ATOMIC_SEQ_CST);
        uint64_t keep =
            hm_slot_set_visit(bits, set->start + i * 64, visit, arg);

        if (keep != 0)
            hm_slot_set_or_shared(set, i, keep);
    }
}

#endif /* HM_COLLECTORS_SUBSTRATE_SLOT_SET_H */
