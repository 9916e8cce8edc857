/* SPDX-License-Identifier: MIT */
/* catalog.h -- what there is to run: the driver asks every cell program beside
 * it (docs/protocol.md) and knows no plug-in by itself.
 *
 * All texts and arrays belong to the pool that hm_catalog_load was given. */
#ifndef HM_HARNESS_CAMPAIGN_CATALOG_H
#define HM_HARNESS_CAMPAIGN_CATALOG_H

#include "harness/pool.h"

#include <stdint.h>

enum hm_kind { HM_KIND_OBJECT, HM_KIND_BLOCK };

struct hm_catalog_param {
    const char *name, *meaning;
    uint64_t quick, full, min, max;
};

struct hm_workload {
    const char *id, *operation, *summary, *source;
    const char *leak; /* "-", "none", "logical", "lost", "cycle" or "false" */
    enum hm_kind kind;
    unsigned max_threads;
    bool has_arrivals; /* may run in an open loop */
    struct hm_catalog_param *param;
    size_t n_params;
};

/* One cell program. */
struct hm_program {
    const char *path;
    bool census;
    struct hm_words workloads; /* ids it can run */
};

struct hm_catalog_option {
    const char *name, *meaning;
    uint64_t value, min, max;
};

struct hm_strategy {
    const char *id, *summary;
    const char *cell_id;     /* what its cell knows it by: a user's malloc is
                                whatever is preloaded, "glibc" there */
    const char *class_name;  /* "allocator", "collector" or "reference" */
    const char *preload;     /* path or soname; "" for none */
    const char *package;     /* Debian package that brings it or its runtime */
    const char *malloc_path; /* where malloc must come from; "" unchecked */
    const char *version;     /* as the library tells it, or of us; "" unknown */
    const char *package_version; /* of `package` as installed; "" unknown */
    const char *off;    /* why it cannot run and what to do; NULL: on */
    const char *misses; /* leak whose garbage it never finds, or "" */
    bool heap_limit;    /* obeys a heap limit */
    bool tracing;       /* ... and its smallest heap counts as common */
    const struct hm_strategy *preloaded; /* whose malloc serves a runtime in
                                          * place of the C library's, or NULL */
    const struct hm_program *program;
    struct hm_catalog_option *option;
    size_t n_options;
};

struct hm_catalog {
    const char *folder; /* of the cell programs */
    struct hm_program **program;
    struct hm_workload **workload; /* ascending ids */
    struct hm_strategy **strategy; /* glibc first, else as the cells list */
    size_t n_programs, n_workloads, n_strategies;
    const struct hm_program *census; /* NULL: no ledger was built */
};

/* Asks every heapmark-cell-* in `folder`.
 * Returns 0; -ENOENT when there is none, -EPROTO when one does not keep to
 * the protocol, or another negative errno; `*why` is then a line for people.
 */
int hm_catalog_load(struct hm_pool *pool, struct hm_catalog *catalog,
                    const char *folder, const char **why);

/* Reads the answer of one cell to `list`.  Part of hm_catalog_load; here for
 * its tests. */
int hm_catalog_parse(struct hm_pool *pool, struct hm_catalog *catalog,
                     struct hm_program *program, const char *text,
                     const char **why);

/* Finds out which strategies can run here: asks each cell, with the library
 * preloaded, where its malloc comes from. */
void hm_catalog_probe(struct hm_pool *pool, struct hm_catalog *catalog);

/* Adds the malloc of a shared library; its id is the file name without "lib"
 * in front and what follows ".so".
 * Returns 0 and the strategy; else a negative errno and why: no such file,
 * another machine's, no malloc in it, an id that is taken. */
int hm_catalog_add_library(struct hm_pool *pool, struct hm_catalog *catalog,
                           const char *path, struct hm_strategy **strategy,
                           const char **why);

/* NULL when there is none of that id. */
const struct hm_workload *hm_catalog_workload(const struct hm_catalog *catalog,
                                              const char *id);
const struct hm_strategy *hm_catalog_strategy(const struct hm_catalog *catalog,
                                              const char *id);
const struct hm_catalog_param *hm_catalog_param(
    const struct hm_workload *workload, const char *name);
const struct hm_catalog_option *hm_catalog_option(
    const struct hm_strategy *strategy, const char *name);

/* Whether a word of a list of workloads means this one: its id, `*`, or all of
 * its kind, `object.*` or `block.*`. */
bool hm_workload_is(const struct hm_workload *workload, const char *word);

/* " (did you mean 'x'?)", or "" when nothing is near. */
const char *hm_catalog_hint_workload(struct hm_pool *pool,
                                     const struct hm_catalog *catalog,
                                     const char *word);
const char *hm_catalog_hint_strategy(struct hm_pool *pool,
                                     const struct hm_catalog *catalog,
                                     const char *word);

/* Collects garbage by itself: not a malloc, nor a bound. */
bool hm_strategy_collects(const struct hm_strategy *strategy);

const char *hm_kind_name(enum hm_kind kind);

/* What the result files say of the file that malloc came from: the whole path,
 * or for a library of ours its name (where heapmark was built is nobody's
 * business). */
const char *hm_catalog_public_path(const struct hm_strategy *strategy,
                                   const char *path);

#endif /* HM_HARNESS_CAMPAIGN_CATALOG_H */
