/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/weak.h"

#include <string.h>

enum { WEAK_GOLDEN_SHIFT = 64, WEAK_ALIGN_SHIFT = 3 };

/* Becomes of an entry after a look at it. */
enum weak_fate { WEAK_DROPPED, WEAK_YOUNG, WEAK_OLD };

static size_t weak_list_cost(const struct hm_weak_list *list, size_t n)
{
    size_t need = hm_round_up(n * list->entry_bytes, HM_PAGE_BYTES);

    return need > list->charged_bytes ? need - list->charged_bytes : 0;
}

/* Makes room for `n` entries in all. */
static int weak_list_reserve(struct hm_weak *weak, struct hm_weak_list *list,
                             size_t n)
{
    size_t bytes = weak_list_cost(list, n);

    if (bytes == 0)
        return 1;
    if (list->range.start == NULL &&
        !hm_range_open(&list->range, weak->reach_bytes))
        return 0;
    if (!hm_range_extend(&list->range, list->charged_bytes + bytes) ||
        !hm_budget_take(weak->budget, bytes))
        return 0;
    list->charged_bytes += bytes;
    return 1;
}

/* Gives back what `n` entries do not need, if that is at least half. */
static void weak_list_trim(struct hm_weak *weak, struct hm_weak_list *list,
                           size_t n)
{
    size_t keep = hm_round_up(n * list->entry_bytes, HM_PAGE_BYTES);

    if (list->charged_bytes == 0 || keep > list->charged_bytes / 2)
        return;
    hm_range_discard(&list->range, keep, list->charged_bytes - keep);
    hm_budget_give(weak->budget, list->charged_bytes - keep);
    list->charged_bytes = keep;
}

void hm_weak_open(struct hm_weak *weak, struct hm_budget *budget)
{
    *weak = (struct hm_weak){
        .budget = budget,
        .reach_bytes = hm_range_reach(budget->limit_bytes),
        .list = {{.entry_bytes = sizeof(struct hm_weak_reference)},
                 {.entry_bytes = sizeof(struct hm_weak_ephemeron)},
                 {.entry_bytes = sizeof(struct hm_weak_watch)}},
        .index = {.entry_bytes = sizeof(uint32_t)},
        .dead = {.entry_bytes = sizeof(uint64_t)}};
    HM_CHECK(pthread_mutex_init(&weak->lock, NULL) == 0);
}

void hm_weak_close(struct hm_weak *weak)
{
    if (weak->budget == NULL)
        return;
    for (int kind = 0; kind < HM_WEAK_KINDS; kind++)
        hm_range_close(&weak->list[kind].range);
    hm_range_close(&weak->index.range);
    hm_range_close(&weak->dead.range);
    HM_CHECK(pthread_mutex_destroy(&weak->lock) == 0);
    *weak = (struct hm_weak){0};
}

/* Heads of chains for n ephemerons: a power of two. */
static size_t weak_heads(size_t n)
{
    size_t heads = 2;

    while (heads < n)
        heads *= 2;
    return heads;
}

size_t hm_weak_cost_bytes(struct hm_weak *weak, enum hm_weak_kind kind)
{
    size_t n = weak->list[kind].n + 1;
    size_t bytes = weak_list_cost(&weak->list[kind], n);

    if (kind == HM_WEAK_EPHEMERON)
        bytes += weak_list_cost(&weak->index, weak_heads(n));
    if (kind == HM_WEAK_WATCH)
        bytes += weak_list_cost(&weak->dead, weak->dead.n + n);
    return bytes;
}

/* A collection must not fail: what it will need is taken here. */
static int weak_reserve(struct hm_weak *weak, enum hm_weak_kind kind)
{
    size_t n = weak->list[kind].n + 1;

    if (n >= UINT32_MAX || !weak_list_reserve(weak, &weak->list[kind], n))
        return 0;
    if (kind == HM_WEAK_EPHEMERON)
        return weak_list_reserve(weak, &weak->index, weak_heads(n));
    return kind != HM_WEAK_WATCH ||
           weak_list_reserve(weak, &weak->dead, weak->dead.n + n);
}

static void weak_append(struct hm_weak *weak, enum hm_weak_kind kind, hm_ref o,
                        uint64_t token)
{
    size_t n = weak->list[kind].n++;

    switch (kind) {
    case HM_WEAK_REFERENCE:
        hm_weak_references(weak)[n] = (struct hm_weak_reference){o};
        return;
    case HM_WEAK_EPHEMERON:
        hm_weak_ephemerons(weak)[n] = (struct hm_weak_ephemeron){.holder = o};
        return;
    case HM_WEAK_WATCH:
        hm_weak_watches(weak)[n] = (struct hm_weak_watch){o, token};
        return;
    case HM_WEAK_KINDS:
        break;
    }
    hm_check_failed(__FILE__, __LINE__, "no such kind of entry");
}

int hm_weak_add(struct hm_weak *weak, enum hm_weak_kind kind, hm_ref o,
                uint64_t token)
{
    int has_room;

    (void)pthread_mutex_lock(&weak->lock);
    has_room = weak_reserve(weak, kind);
    if (has_room)
        weak_append(weak, kind, o, token);
    (void)pthread_mutex_unlock(&weak->lock);
    return has_room;
}

int hm_weak_take_dead(struct hm_weak *weak, uint64_t *token)
{
    const uint64_t *dead;
    int has_one;

    (void)pthread_mutex_lock(&weak->lock);
    dead = (void *)weak->dead.range.start;
    has_one = weak->dead.n > 0;
    if (has_one)
        *token = dead[--weak->dead.n];
    (void)pthread_mutex_unlock(&weak->lock);
    return has_one;
}

static uint32_t *weak_head(struct hm_weak *weak, hm_ref o)
{
    uint32_t *head = (void *)weak->index.range.start;
    uint64_t hash =
        ((uintptr_t)o >> WEAK_ALIGN_SHIFT) * UINT64_C(0x9E3779B97F4A7C15);

    return &head[hash >> weak->index_shift];
}

static void weak_wait(struct hm_weak *weak, uint32_t i, hm_ref o)
{
    struct hm_weak_ephemeron *e = &hm_weak_ephemerons(weak)[i];
    uint32_t *head = weak_head(weak, o);

    e->waits_for = o;
    e->next = *head;
    *head = i + 1;
}

void hm_weak_note(struct hm_weak *weak, hm_ref o)
{
    uint32_t *link;

    if (weak->index_shift == 0)
        return;
    for (link = weak_head(weak, o); *link != 0;) {
        struct hm_weak_ephemeron *e = &hm_weak_ephemerons(weak)[*link - 1];
        uint32_t i = *link;

        if (e->waits_for == o) {
            *link = e->next;
            e->next = weak->ready;
            weak->ready = i;
        } else {
            link = &e->next;
        }
    }
}

/* Reaches the value, or waits for the holder or the key. */
static void weak_try(struct hm_weak *weak, const struct hm_weak_pass *pass,
                     uint32_t i)
{
    const struct hm_weak_ephemeron *e = &hm_weak_ephemerons(weak)[i];
    hm_ref holder = pass->resolve(pass->arg, e->holder), key;

    weak->visits++;
    if (holder == NULL) {
        weak_wait(weak, i, e->holder);
        return;
    }
    key = hm_weak_words(holder)[HM_WEAK_KEY];
    if (pass->resolve(pass->arg, key) == NULL) {
        weak_wait(weak, i, key);
    } else {
        pass->mark(pass->arg, &hm_weak_words(holder)[HM_WEAK_VALUE]);
    }
}

static void weak_index_open(struct hm_weak *weak, size_t n)
{
    size_t heads = weak_heads(n);

    weak->ready = 0;
    weak->index_shift =
        WEAK_GOLDEN_SHIFT - (unsigned)__builtin_ctzll((uint64_t)heads);
    memset(weak->index.range.start, 0, heads * sizeof(uint32_t));
}

/* The fix-point: what is reached on the way is looked up in the index. */
static void weak_trace(struct hm_weak *weak, const struct hm_weak_pass *pass)
{
    const struct hm_weak_list *list = &weak->list[HM_WEAK_EPHEMERON];
    size_t first = pass->is_minor ? list->n_old : 0;

    if (first == list->n)
        return;
    weak_index_open(weak, list->n - first);
    for (size_t i = first; i < list->n; i++)
        weak_try(weak, pass, (uint32_t)i);
    do {
        while (weak->ready != 0) {
            uint32_t i = weak->ready - 1;

            weak->ready = hm_weak_ephemerons(weak)[i].next;
            weak_try(weak, pass, i);
        }
        pass->drain(pass->arg);
    } while (weak->ready != 0);
    weak->index_shift = 0;
}

static enum weak_fate weak_age(const struct hm_weak_pass *pass, hm_ref o)
{
    if (o == NULL || pass->is_young == NULL || !pass->is_young(pass->arg, o))
        return WEAK_OLD;
    return WEAK_YOUNG;
}

/* Resolves the holder and its first word, a target or key. */
static enum weak_fate weak_resolve(const struct hm_weak_pass *pass,
                                   hm_ref *holder)
{
    hm_ref *word;

    *holder = pass->resolve(pass->arg, *holder);
    if (*holder == NULL)
        return WEAK_DROPPED;
    word = hm_weak_words(*holder);
    *word = pass->resolve(pass->arg, *word);
    if (*word == NULL)
        return WEAK_DROPPED;
    return weak_age(pass, *holder) == WEAK_OLD ? weak_age(pass, *word)
                                               : WEAK_YOUNG;
}

typedef enum weak_fate weak_look_fn(struct hm_weak *weak,
                                    const struct hm_weak_pass *pass,
                                    void *entry);

static enum weak_fate weak_look_reference(struct hm_weak *weak,
                                          const struct hm_weak_pass *pass,
                                          void *entry)
{
    struct hm_weak_reference *reference = entry;

    (void)weak;
    return weak_resolve(pass, &reference->holder);
}

/* The value of a live key has been updated by mark(). */
static enum weak_fate weak_look_ephemeron(struct hm_weak *weak,
                                          const struct hm_weak_pass *pass,
                                          void *entry)
{
    struct hm_weak_ephemeron *e = entry;
    enum weak_fate fate = weak_resolve(pass, &e->holder);

    (void)weak;
    if (e->holder == NULL)
        return WEAK_DROPPED;
    if (fate == WEAK_DROPPED)
        hm_weak_words(e->holder)[HM_WEAK_VALUE] = NULL;
    if (fate != WEAK_OLD)
        return fate;
    return weak_age(pass, hm_weak_words(e->holder)[HM_WEAK_VALUE]);
}

static enum weak_fate weak_look_watch(struct hm_weak *weak,
                                      const struct hm_weak_pass *pass,
                                      void *entry)
{
    struct hm_weak_watch *watch = entry;
    uint64_t *dead = (void *)weak->dead.range.start;

    watch->object = pass->resolve(pass->arg, watch->object);
    if (watch->object != NULL)
        return weak_age(pass, watch->object);
    dead[weak->dead.n++] = watch->token;
    return WEAK_DROPPED;
}

static void weak_swap(char *a, char *b, size_t bytes)
{
    char other[sizeof(struct hm_weak_ephemeron)];

    memcpy(other, a, bytes);
    memcpy(a, b, bytes);
    memcpy(b, other, bytes);
}

/* Looks at the entries that a collection concerns; those that stay close up,
 * the old ones first. */
static void weak_sift(struct hm_weak *weak, const struct hm_weak_pass *pass,
                      struct hm_weak_list *list, weak_look_fn *look)
{
    size_t bytes = list->entry_bytes, first = pass->is_minor ? list->n_old : 0;
    char *old = list->range.start + first * bytes, *to = old;
    char *end = list->range.start + list->n * bytes;

    for (char *entry = old; entry < end; entry += bytes) {
        enum weak_fate fate = look(weak, pass, entry);

        if (fate == WEAK_DROPPED)
            continue;
        if (to != entry)
            memcpy(to, entry, bytes);
        if (fate == WEAK_OLD) {
            if (old != to)
                weak_swap(old, to, bytes);
            old += bytes;
        }
        to += bytes;
    }
    list->n = (size_t)(to - list->range.start) / bytes;
    list->n_old = (size_t)(old - list->range.start) / bytes;
}

static void weak_trim(struct hm_weak *weak)
{
    size_t n = weak->list[HM_WEAK_EPHEMERON].n;

    for (int kind = 0; kind < HM_WEAK_KINDS; kind++)
        weak_list_trim(weak, &weak->list[kind], weak->list[kind].n);
    weak_list_trim(weak, &weak->index, n == 0 ? 0 : weak_heads(n));
    weak_list_trim(weak, &weak->dead,
                   weak->dead.n + weak->list[HM_WEAK_WATCH].n);
}

void hm_weak_process(struct hm_weak *weak, const struct hm_weak_pass *pass)
{
    weak->visits = 0;
    if (!hm_weak_is_empty(weak)) {
        weak_trace(weak, pass);
        weak_sift(weak, pass, &weak->list[HM_WEAK_REFERENCE],
                  weak_look_reference);
        weak_sift(weak, pass, &weak->list[HM_WEAK_EPHEMERON],
                  weak_look_ephemeron);
        weak_sift(weak, pass, &weak->list[HM_WEAK_WATCH], weak_look_watch);
    }
    if (!pass->is_minor)
        weak_trim(weak);
}

/* A holder and its first n words. */
static void weak_visit(hm_ref *holder, size_t n,
                       void (*visit)(void *arg, hm_ref *slot), void *arg,
                       int is_moved)
{
    if (is_moved)
        visit(arg, holder);
    for (size_t i = 0; i < n; i++)
        visit(arg, &hm_weak_words(*holder)[i]);
    if (!is_moved)
        visit(arg, holder);
}

void hm_weak_each(struct hm_weak *weak, void (*visit)(void *arg, hm_ref *slot),
                  void *arg, int is_moved)
{
    struct hm_weak_reference *reference = hm_weak_references(weak);
    struct hm_weak_ephemeron *e = hm_weak_ephemerons(weak);
    struct hm_weak_watch *watch = hm_weak_watches(weak);

    for (size_t i = 0; i < weak->list[HM_WEAK_REFERENCE].n; i++)
        weak_visit(&reference[i].holder, 1, visit, arg, is_moved);
    for (size_t i = 0; i < weak->list[HM_WEAK_EPHEMERON].n; i++)
        weak_visit(&e[i].holder, 2, visit, arg, is_moved);
    for (size_t i = 0; i < weak->list[HM_WEAK_WATCH].n; i++)
        visit(arg, &watch[i].object);
}

size_t hm_weak_held_bytes(const struct hm_weak *weak)
{
    size_t bytes = weak->index.charged_bytes + weak->dead.charged_bytes;

    for (int kind = 0; kind < HM_WEAK_KINDS; kind++)
        bytes += weak->list[kind].charged_bytes;
    return bytes;
}
