/* SPDX-License-Identifier: MIT */
/* suite.h -- what a campaign is asked to do: an INI file, narrowed or replaced
 * by command-line options.  docs/suites.md has the grammar and what each key
 * means. */
#ifndef HM_HARNESS_CAMPAIGN_SUITE_H
#define HM_HARNESS_CAMPAIGN_SUITE_H

#include "harness/pool.h"

#include <stdint.h>
#include <stdio.h>

enum { HM_SUITE_LIST_MAX = 16, HM_SUITE_POLL_US_MAX = 1000000 };

/* A workload runs with every combination of its parameters' values. */
struct hm_suite_param {
    const char *workload, *name;
    uint64_t value[HM_SUITE_LIST_MAX]; /* no two are equal */
    size_t n;
};

struct hm_variant {
    const char *id, *strategy;
    const char *preload;    /* id of a malloc, or NULL */
    uint64_t poll_us;       /* 0: the suite's */
    struct hm_words env;    /* NAME=value */
    struct hm_words option; /* NAME=value */
};

/* What each cell may be run once more for: extra.h. */
enum hm_extra {
    HM_EXTRA_ICOUNT,
    HM_EXTRA_SYSCALLS,
    HM_EXTRA_OPERATIONS,
    HM_EXTRAS_END,
};

/* Their keys, which are the options of the command line, too. */
extern const char *const hm_extra_words[HM_EXTRAS_END];

struct hm_suite {
    const char *name, *summary;
    struct hm_words workloads;            /* "*": all there are */
    struct hm_words strategies;           /* for all workloads */
    struct hm_words object_strategies;    /* for object workloads */
    struct hm_words block_strategies;     /* for block workloads */
    const char *baseline;                 /* id */
    bool full;                            /* size */
    double heap[HM_SUITE_LIST_MAX];       /* multiples of 1x, >= 1; 0: none */
    unsigned threads[HM_SUITE_LIST_MAX];  /* >= 1 */
    unsigned load[HM_SUITE_LIST_MAX];     /* % of the baseline's most */
    size_t n_heaps, n_threads, n_loads;   /* n_threads >= 1 */
    const char *minheap;                  /* path; NULL: the census's 1x */
    unsigned blocks, max_blocks;          /* least and most */
    double ci;                            /* half-width; 0: none */
    uint32_t seed;                        /* of workloads and order */
    uint64_t timeout_s, memory_cap_bytes; /* per run; cap 0: default */
    uint64_t poll_us;                     /* between two turns; 0: none */
    uint64_t stress_bytes;                /* 0: collect as usual */
    bool verify;
    bool extra[HM_EXTRAS_END]; /* runs beside the timed ones */
    struct hm_suite_param *param;
    struct hm_variant *variant;
    size_t n_params, n_variants;
};

/* Least and most blocks of an adaptive campaign. */
enum { HM_SUITE_CI_BLOCKS = 10, HM_SUITE_CI_MAX_BLOCKS = 30 };

/* glibc as baseline, one thread, 3 blocks, no workloads, no strategies. */
void hm_suite_defaults(struct hm_suite *suite);

/* Reads a suite file over the defaults; its name is the file name's stem.
 * Returns 0; else a negative errno and why, with file and line. */
int hm_suite_load(struct hm_pool *pool, struct hm_suite *suite,
                  const char *path, const char **why);

/* Sets one key of [suite]; what the command-line options use, too.  A list
 * key appends.  Returns 0; else -EINVAL or -ENOENT (no such key) and why. */
int hm_suite_set(struct hm_pool *pool, struct hm_suite *suite, const char *key,
                 const char *value, const char **why);

/* Adds the values of a list to those that a workload's parameter has already.
 * Returns 0, or -EINVAL: not one to HM_SUITE_LIST_MAX whole numbers in all. */
int hm_suite_add_param(struct hm_pool *pool, struct hm_suite *suite,
                       const char *workload, const char *name,
                       const char *values);

/* The same, in place of them. */
int hm_suite_set_param(struct hm_pool *pool, struct hm_suite *suite,
                       const char *workload, const char *name,
                       const char *values);

/* The variant of that id; added if there is none. */
struct hm_variant *hm_suite_open_variant(struct hm_pool *pool,
                                         struct hm_suite *suite,
                                         const char *id);

const struct hm_variant *hm_suite_variant(const struct hm_suite *suite,
                                          const char *id);

/* Writes the suite as a file that hm_suite_load reads back to the same, but
 * for a table of minimum heaps, which is then the copy beside that file. */
void hm_suite_write(const struct hm_suite *suite, FILE *out);

#endif /* HM_HARNESS_CAMPAIGN_SUITE_H */
