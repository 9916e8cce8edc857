/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/slot_set.h"

enum {
    SLOT_SET_COST_BYTES =
        HM_SLOT_CHUNK_BITS_BYTES + (int)sizeof(struct hm_slot_chunk),
};

int hm_slot_set_open(struct hm_slot_set *set, const struct hm_range *range,
                     struct hm_budget *budget)
{
    size_t n = range->bytes / HM_SLOT_CHUNK_BYTES + 1;

    HM_CHECK(n < HM_SLOT_CHUNK_NONE);
    *set = (struct hm_slot_set){.budget = budget,
                                .start = (void *)range->start,
                                .listed = HM_SLOT_CHUNK_NONE};
    if (!hm_range_open(&set->bits_range, n * HM_SLOT_CHUNK_BITS_BYTES) ||
        !hm_range_open(&set->table_range, n * sizeof(struct hm_slot_chunk))) {
        hm_slot_set_close(set);
        return 0;
    }
    set->bits = (void *)set->bits_range.start;
    set->chunk = (void *)set->table_range.start;
    return 1;
}

void hm_slot_set_close(struct hm_slot_set *set)
{
    hm_range_close(&set->table_range);
    hm_range_close(&set->bits_range);
}

int hm_slot_set_cover(struct hm_slot_set *set, size_t bytes)
{
    size_t n = (bytes + HM_SLOT_CHUNK_BYTES - 1) / HM_SLOT_CHUNK_BYTES;

    if (n <= set->n_chunks)
        return 1;
    if (!hm_range_extend(&set->table_range, n * sizeof(struct hm_slot_chunk)) ||
        !hm_range_extend(&set->bits_range, n * HM_SLOT_CHUNK_BITS_BYTES) ||
        !hm_budget_take(set->budget, (n - set->n_chunks) * SLOT_SET_COST_BYTES))
        return 0;
    set->n_chunks = (uint32_t)n;
    return 1;
}

void hm_slot_set_trim(struct hm_slot_set *set, size_t bytes)
{
    size_t n = (bytes + HM_SLOT_CHUNK_BYTES - 1) / HM_SLOT_CHUNK_BYTES;
    uint32_t *link = &set->listed;

    if (n >= set->n_chunks)
        return;
    while (*link != HM_SLOT_CHUNK_NONE) {
        struct hm_slot_chunk *chunk = &set->chunk[*link];

        HM_ASSERT(*link < n || chunk->dirty == 0);
        if (chunk->dirty != 0) {
            link = &chunk->next;
        } else {
            chunk->is_listed = 0;
            *link = chunk->next;
        }
    }
    hm_range_discard(&set->bits_range, n * HM_SLOT_CHUNK_BITS_BYTES,
                     (set->n_chunks - n) * HM_SLOT_CHUNK_BITS_BYTES);
    hm_budget_give(set->budget, (set->n_chunks - n) * SLOT_SET_COST_BYTES);
    set->n_chunks = (uint32_t)n;
}

/* Bits [low, high) of a word. */
static uint64_t slot_set_mask(size_t low, size_t high)
{
    return ~(uint64_t)0 << low & ~(uint64_t)0 >> (64 - high);
}

void hm_slot_set_remove(struct hm_slot_set *set, const void *start,
                        size_t words)
{
    size_t word = hm_slot_set_word(set, start), end = word + words;

    while (word < end) {
        size_t low = word % 64, n = 64 - low;
        struct hm_slot_chunk *chunk = &set->chunk[word / HM_SLOT_CHUNK_WORDS];
        uint64_t *bits = &set->bits[word / 64];

        HM_ASSERT(word / HM_SLOT_CHUNK_WORDS < set->n_chunks);
        if (n > end - word)
            n = end - word;
        if (*bits != 0) {
            *bits &= ~slot_set_mask(low, low + n);
            if (*bits == 0)
                chunk->dirty &= ~((uint64_t)1 << word / 64 % 64);
        }
        word += n;
    }
}

void hm_slot_set_keep(struct hm_slot_set *set, uint32_t c, const uint64_t *bits)
{
    struct hm_slot_chunk *chunk = &set->chunk[c];
    uint64_t *own = set->bits + (size_t)c * 64;

    for (uint64_t rest = chunk->dirty; rest != 0; rest &= rest - 1) {
        int i = __builtin_ctzll(rest);

        own[i] &= bits[i];
        if (own[i] == 0)
            chunk->dirty &= ~(rest & (0 - rest));
    }
}

size_t hm_slot_set_count(const struct hm_slot_set *set)
{
    size_t n = 0;

    for (size_t i = 0; i < (size_t)set->n_chunks * 64; i++)
        n += hm_bits_count(set->bits[i]);
    return n;
}

static const char *slot_set_check_chunk(const struct hm_slot_set *set,
                                        uint32_t c)
{
    const uint64_t *bits = set->bits + (size_t)c * 64;

    for (int i = 0; i < 64; i++) {
        if ((bits[i] != 0) != (set->chunk[c].dirty >> i & 1))
            return "slot set: a summary does not tell what is set";
    }
    if (set->chunk[c].dirty != 0 && !set->chunk[c].is_listed)
        return "slot set: a chunk with slots is not listed";
    return NULL;
}

const char *hm_slot_set_check(const struct hm_slot_set *set)
{
    const char *wrong = NULL;
    uint32_t n_listed = 0, n = 0;

    for (uint32_t c = 0; c < set->n_chunks && wrong == NULL; c++) {
        wrong = slot_set_check_chunk(set, c);
        n_listed += set->chunk[c].is_listed;
    }
    for (uint32_t c = set->listed; c != HM_SLOT_CHUNK_NONE && n <= n_listed;
         c = set->chunk[c].next)
        n++;
    if (wrong == NULL && n != n_listed)
        wrong = "slot set: the list of chunks is damaged";
    return wrong;
}
