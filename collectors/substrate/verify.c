/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/verify.h"

#include "collectors/substrate/bits.h"
#include "common/arena.h"

/* Objects seen, in the order found, and an open-addressing table of them. */
struct verify_set {
    hm_ref *found, *table;
    size_t n, capacity; /* capacity: of `found`; a power of two */
};

/* Table slots per entry of `found`: at most half full. */
enum { VERIFY_SPREAD = 2, VERIFY_FIRST = 1 << 12 };

static size_t verify_slot(const struct verify_set *set, hm_ref o)
{
    size_t mask = set->capacity * VERIFY_SPREAD - 1;
    size_t i = (size_t)(((uintptr_t)o >> 3) * 0x9E3779B97F4A7C15u >> 20);

    for (i &= mask; set->table[i] != NULL && set->table[i] != o;)
        i = (i + 1) & mask;
    return i;
}

static void verify_set_open(struct verify_set *set, size_t capacity)
{
    *set = (struct verify_set){.capacity = capacity};
    set->found = hm_arena_reserve(capacity * sizeof(hm_ref));
    set->table = hm_arena_reserve(capacity * VERIFY_SPREAD * sizeof(hm_ref));
}

static void verify_set_close(struct verify_set *set)
{
    hm_arena_release(set->found, set->capacity * sizeof(hm_ref));
    hm_arena_release(set->table,
                     set->capacity * VERIFY_SPREAD * sizeof(hm_ref));
}

static void verify_set_grow(struct verify_set *set)
{
    struct verify_set bigger;

    verify_set_open(&bigger, set->capacity * 2);
    bigger.n = set->n;
    for (size_t i = 0; i < set->n; i++) {
        bigger.found[i] = set->found[i];
        bigger.table[verify_slot(&bigger, set->found[i])] = set->found[i];
    }
    verify_set_close(set);
    *set = bigger;
}

static void verify_set_add(struct verify_set *set, hm_ref o)
{
    size_t slot = verify_slot(set, o);

    if (set->table[slot] != NULL)
        return;
    set->table[slot] = o;
    set->found[set->n++] = o;
    HM_ASSERT(set->n <= set->capacity);
    if (set->n == set->capacity)
        verify_set_grow(set);
}

struct verify_pass {
    struct hm_verify *verify;
    struct verify_set set;
    const char *wrong;
};

static void verify_visit(struct verify_pass *pass, hm_ref o, const char *wrong)
{
    if (o == NULL)
        return;
    if (((uintptr_t)o & (HM_WORD_BYTES - 1)) != 0 ||
        !pass->verify->is_object(pass->verify->heap, o)) {
        pass->wrong = wrong;
    } else {
        verify_set_add(&pass->set, o);
    }
}

static void verify_root(void *pass, hm_ref *slot)
{
    verify_visit(pass, *slot, "a root does not refer to an object");
}

static void verify_object(struct verify_pass *pass, hm_ref o)
{
    uint64_t header = pass->verify->header != NULL ? pass->verify->header(o)
                                                   : *hm_header_of(o);

    if (!hm_header_is_sound(header)) {
        pass->wrong = "the header of a reachable object is damaged";
        return;
    }
    pass->verify->reachable_bytes += hm_header_words(header) * HM_WORD_BYTES;
    pass->verify->reachable_count++;
    for (size_t i = 0; i < hm_header_refs(header); i++) {
        verify_visit(pass, hm_slots_of(o)[i],
                     "a reference does not refer to an object");
    }
}

static int verify_has(const struct verify_set *set, hm_ref o)
{
    return o != NULL && set->table[verify_slot(set, o)] == o;
}

/* Traces what has been found since `next`. */
static size_t verify_follow(struct verify_pass *pass, size_t next)
{
    for (; next < pass->set.n && pass->wrong == NULL; next++)
        verify_object(pass, pass->set.found[next]);
    return next;
}

/* Rounds over the ephemerons, there and back, until one finds nothing. */
static void verify_ephemerons(struct verify_pass *pass)
{
    const struct hm_weak *weak = pass->verify->weak;
    const struct hm_weak_ephemeron *e = hm_weak_ephemerons(weak);
    size_t n = weak->list[HM_WEAK_EPHEMERON].n, next = pass->set.n, before;

    for (int round = 0, quiet = 0; quiet < 2 && n > 0; round++) {
        before = pass->set.n;
        for (size_t i = 0; i < n && pass->wrong == NULL; i++) {
            hm_ref holder = e[round % 2 == 0 ? i : n - 1 - i].holder;

            if (!verify_has(&pass->set, holder) ||
                !verify_has(&pass->set, hm_weak_words(holder)[HM_WEAK_KEY]))
                continue;
            verify_visit(pass, hm_weak_words(holder)[HM_WEAK_VALUE],
                         "the value of an ephemeron is not an object");
            next = verify_follow(pass, next);
        }
        quiet = pass->set.n == before ? quiet + 1 : 0;
    }
}

static void verify_demand(struct verify_pass *pass, hm_ref o)
{
    if (o == NULL || ((uintptr_t)o & (HM_WORD_BYTES - 1)) != 0 ||
        !pass->verify->is_object(pass->verify->heap, o))
        pass->wrong = "the weak table names what is not an object";
}

/* Dead or not, each is an object until a collection has told the table. */
static void verify_weak(struct verify_pass *pass)
{
    const struct hm_weak *weak = pass->verify->weak;
    const struct hm_weak_reference *reference = hm_weak_references(weak);
    const struct hm_weak_ephemeron *e = hm_weak_ephemerons(weak);
    const struct hm_weak_watch *watch = hm_weak_watches(weak);

    for (size_t i = 0; i < weak->list[HM_WEAK_REFERENCE].n; i++) {
        verify_demand(pass, reference[i].holder);
        if (pass->wrong == NULL)
            verify_demand(pass, *hm_weak_words(reference[i].holder));
    }
    for (size_t i = 0; i < weak->list[HM_WEAK_EPHEMERON].n; i++) {
        verify_demand(pass, e[i].holder);
        if (pass->wrong == NULL)
            verify_demand(pass, hm_weak_words(e[i].holder)[HM_WEAK_KEY]);
    }
    for (size_t i = 0; i < weak->list[HM_WEAK_WATCH].n; i++)
        verify_demand(pass, watch[i].object);
}

const char *hm_verify_trace(struct hm_verify *verify)
{
    struct verify_pass pass = {.verify = verify};

    verify->reachable_bytes = 0;
    verify->reachable_count = 0;
    verify_set_open(&pass.set, VERIFY_FIRST);
    hm_roots_each(verify->roots, verify_root, &pass);
    (void)verify_follow(&pass, 0);
    if (verify->weak != NULL && pass.wrong == NULL)
        verify_weak(&pass);
    if (verify->weak != NULL && pass.wrong == NULL)
        verify_ephemerons(&pass);
    verify_set_close(&pass.set);
    return pass.wrong;
}

static size_t verify_space_bytes(const struct hm_verify_space *space)
{
    return (space->words / 64 + 1) * sizeof(uint64_t);
}

const char *hm_verify_space_open(struct hm_verify_space *space)
{
    size_t words = space->words, step;

    space->bits = hm_arena_reserve(verify_space_bytes(space));
    for (size_t w = 0; w < words; w += step) {
        step = hm_header_words(space->start[w]);
        if (!hm_header_is_sound(space->start[w]))
            return "the header of an object is damaged";
        if (step > words - w || step > HM_LARGE_WORDS)
            return "an object is larger than its space";
        hm_bits_set(space->bits, w);
    }
    return NULL;
}

void hm_verify_space_close(struct hm_verify_space *space)
{
    hm_arena_release(space->bits, verify_space_bytes(space));
    space->bits = NULL;
}

int hm_verify_space_has(const void *arg, hm_ref o)
{
    const struct hm_verify_space *space = arg;
    size_t word =
        ((uintptr_t)hm_header_of(o) - (uintptr_t)space->start) / HM_WORD_BYTES;

    if (word >= space->words)
        return hm_large_is_object(space->large, o);
    return hm_bits_get(space->bits, word);
}

void hm_poison_fill(uint64_t *start, size_t words)
{
    for (size_t i = 0; i < words; i++)
        start[i] = HM_POISON;
}

int hm_poison_is_intact(const uint64_t *start, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        if (start[i] != HM_POISON)
            return 0;
    }
    return 1;
}
