/* SPDX-License-Identifier: MIT */
/* verify.h -- an independent trace of the heap, and poison for the dead.
 *
 * Nothing of it is shared with the collectors' own marking, and its tables are
 * neither in the heap nor charged to it.  Debugging and tests only. */
#ifndef HM_COLLECTORS_SUBSTRATE_VERIFY_H
#define HM_COLLECTORS_SUBSTRATE_VERIFY_H

#include "collectors/substrate/large.h"
#include "collectors/substrate/object.h"
#include "collectors/substrate/roots.h"
#include "collectors/substrate/weak.h"

#include <stdint.h>

/* Not a canonical address, an odd size and a broken header at once. */
#define HM_POISON ((uint64_t)0xDEADBEEFDEADBEE0)

struct hm_verify {
    const struct hm_roots *roots;
    /* Whether `o`, any bit pattern, is the start of an object. */
    int (*is_object)(const void *heap, hm_ref o);
    const void *heap;
    /* The header of `o` in the common form; NULL: it is the word before. */
    uint64_t (*header)(hm_ref o);
    const struct hm_weak *weak; /* NULL: the heap has none */
    uint64_t reachable_bytes;   /* result: sizes with header */
    uint64_t reachable_count;   /* result */
};

/* Follows every reference from the roots, ephemerons by their meaning, and
 * checks that the table of weak objects names objects only.  NULL, or what is
 * wrong. */
const char *hm_verify_trace(struct hm_verify *verify);

/* A space that objects fill from its start without gaps, and a bit for each
 * word where one starts. */
struct hm_verify_space {
    const uint64_t *start;
    size_t words;
    const struct hm_large *large; /* for references that lead elsewhere */
    uint64_t *bits;
};

/* Parses the space.  NULL, or what is wrong; close it in both cases. */
const char *hm_verify_space_open(struct hm_verify_space *space);
void hm_verify_space_close(struct hm_verify_space *space);

/* For `is_object`, with the space as `heap`, here `arg`. */
int hm_verify_space_has(const void *arg, hm_ref o);

/* Fills, and tells whether all of it still is poison. */
void hm_poison_fill(uint64_t *start, size_t words);
int hm_poison_is_intact(const uint64_t *start, size_t words);

#endif /* HM_COLLECTORS_SUBSTRATE_VERIFY_H */
