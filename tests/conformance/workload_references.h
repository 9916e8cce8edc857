/* SPDX-License-Identifier: MIT */
/* workload_references.h -- what the workloads must compute, seed 12345. */
#ifndef HM_TESTS_WORKLOAD_REFERENCES_H
#define HM_TESTS_WORKLOAD_REFERENCES_H

#include "workloads/run.h"

#include <stdint.h>

enum { COUNTERS = 4 };

struct expected {
    const char *workload, *params;
    uint32_t checksum;
    uint64_t ops, allocated, lost;
    struct hm_counter counter[COUNTERS];
};

/* Small sizes.  Programs written apart from this one, in C and in JavaScript,
 * compute the same checksums; the leak workloads', and the allocations that no
 * comment derives, were recorded. */
static const struct expected expected[] = {
    /* `nodes` are those of the trees counted at once; the long-lived one has
     * another 2^11 - 1. */
    {"binary_trees",
     "depth=10 step=4",
     0xE1A83F5E,
     1088,
     70590,
     0,
     {{"nodes", 68543}}},
    {"binary_trees",
     "depth=10 step=2",
     0xC0AD1C3D,
     1360,
     135854,
     0,
     {{"nodes", 133807}}},
    {"cache",
     "keys=4096 budget=262144 ops=50000 set=3",
     0x6B4E17B7,
     50000,
     26602,
     0,
     {{"hit", 36136}, {"miss", 12357}, {"evicted", 11825}, {"live", 911}}},
    {"cache",
     "keys=4096 budget=262144 ops=50000 set=35",
     0xE1C8274B,
     50000,
     38581,
     0,
     {{"hit", 24201}, {"miss", 8233}, {"evicted", 11827}, {"live", 953}}},
    /* rings and a table; `kept` of the rings go in the end only */
    {"cycles",
     "nodes=20000 length=7 kept=50",
     0xDB5580F4,
     2858,
     20007,
     0,
     {{"nodes", 20006}}},
    {"deep_list",
     "nodes=5000 rounds=3",
     0x09F20422,
     15000,
     15000,
     0,
     {{"nodes", 15000}}},
    {"file_stream",
     "bytes=65536 passes=1",
     0xDCBEE2FC,
     3000,
     13224,
     0,
     {{"lines", 3000}, {"tags", 2110}}},
    /* a table and 100 buffers; the census grows a buffer by a new one */
    {"large_objects", "steps=100 slots=8", 0xCC636C56, 100, 129, 0, {{0}}},
    /* 5000 payloads and entries, tables of 2^10 to 2^13 buckets */
    {"leak_cache",
     "steps=5000",
     0x9528BC2C,
     5000,
     10004,
     0,
     {{"entries", 5000}}},
    {"leak_lost", "steps=5000", 0x9528BC2C, 5000, 5000, 4999, {{0}}},
    {"leak_none", "steps=5000", 0x9528BC2C, 5000, 5000, 0, {{0}}},
    {"requests", "requests=500 sessions=50", 0x38F68BF2, 500, 136385, 0, {{0}}},
};

/* The table of workloads/README.md. */
static const struct expected references[] = {
    {"binary_trees", "depth=16 step=4", 0x6B148859, 69904, 0, 0, {{0}}},
    {"binary_trees", "depth=16 step=2", 0xC9C8FA21, 87376, 0, 0, {{0}}},
    {"binary_trees", "depth=18 step=4", 0x8979CDCE, 279616, 0, 0, {{0}}},
    {"cache",
     "keys=1M budget=64M ops=4000000 set=3",
     0x7FD6793C,
     4000000,
     0,
     0,
     {{"hit", 3213439},
      {"miss", 666826},
      {"evicted", 476639},
      {"live", 210902}}},
    {"cache",
     "keys=1M budget=64M ops=4000000 set=35",
     0x44459182,
     4000000,
     0,
     0,
     {{"hit", 2153660},
      {"miss", 446758},
      {"evicted", 477800},
      {"live", 210376}}},
    {"file_stream",
     "bytes=32M passes=1",
     0x3E5F6F06,
     1067000,
     0,
     0,
     {{"lines", 1067000}, {"tags", 4096}}},
    {"file_stream",
     "bytes=32M passes=8",
     0x214C1385,
     8536000,
     0,
     0,
     {{"lines", 8536000}, {"tags", 4096}}},
    {"large_objects", "steps=4000 slots=32", 0x66DD4797, 4000, 0, 0, {{0}}},
    {"leak_none", "steps=300000 bytes=256", 0x3BDBCBBD, 300000, 0, 0, {{0}}},
    {"requests",
     "requests=40000 sessions=2000",
     0x2EB8725E,
     40000,
     0,
     0,
     {{0}}},
    {"requests",
     "requests=60000 sessions=2000",
     0xA0ABE50F,
     60000,
     0,
     0,
     {{0}}},
};

/* Small enough to collect at every allocation of some words. */
static const struct expected stressed[] = {
    {"binary_trees", "depth=5 step=1", 0xF1B9CED4, 0, 0, 0, {{0}}},
    {"cache", "keys=64 budget=8192 ops=600 set=10", 0xDB6A4896, 0, 0, 0, {{0}}},
    {"cycles", "nodes=300 length=5 kept=4", 0x5D70A9A7, 0, 0, 0, {{0}}},
    {"deep_list", "nodes=100 rounds=3", 0x66516748, 0, 0, 0, {{0}}},
    {"file_stream", "bytes=1000 passes=2", 0x3724806F, 0, 0, 0, {{0}}},
    {"large_objects", "steps=40 slots=4", 0xA83655B4, 0, 0, 0, {{0}}},
    {"leak_cache", "steps=1100 bytes=8", 0x3616D68E, 0, 0, 0, {{0}}},
    {"leak_lost", "steps=500", 0x191E98F5, 0, 0, 0, {{0}}},
    {"leak_none", "steps=500", 0x191E98F5, 0, 0, 0, {{0}}},
    {"requests", "requests=12 sessions=3", 0xD559E5D2, 0, 0, 0, {{0}}},
};

#endif /* HM_TESTS_WORKLOAD_REFERENCES_H */
