/* SPDX-License-Identifier: MIT */
/* summary_fixture.h -- runs.csv of a campaign that was made up, row by row, in
 * a folder of its own (campaign_folder.h). */
#ifndef HM_TESTS_UNIT_SUMMARY_FIXTURE_H
#define HM_TESTS_UNIT_SUMMARY_FIXTURE_H

#include "harness/analysis/summary.h"
#include "tests/unit/campaign_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct arm {
    const char *workload, *strategy, *arm, *heap;
    int cell;
    double factor; /* of the baseline's time, exactly, in every block */
};

static FILE *runs;
static int run_id;

static void begin_runs(void)
{
    runs = folder_open("runs.csv", "w");
    assert_non_null(runs);
    (void)fputs(FOLDER_COLUMNS, runs);
    run_id = 0;
}

static void put_run(const struct arm *arm, int block, const char *status,
                    double wall_ns)
{
    (void)fprintf(runs, "%d,%d,%d,%s,n=1,%s,1,%s,allocator,%s,%s,%s,", run_id++,
                  block, arm->cell, arm->workload, arm->heap, arm->strategy,
                  arm->arm, status,
                  strcmp(status, "ok") == 0 ? "" : "\"why, in words\"");
    if (strcmp(status, "ok") == 0) {
        (void)fprintf(runs, "%.0f,%.0f,3000000,,,,,,0,0,1000000\n", wall_ns,
                      wall_ns);
    } else {
        (void)fputs(",,,,,,,,,,\n", runs);
    }
}

/* Drift is large and shared within a block: pairing must remove it. */
static void put_blocks(const struct arm *arm, size_t arms, int blocks)
{
    for (int b = 0; b < blocks; b++) {
        for (size_t a = 0; a < arms; a++)
            put_run(&arm[a], b, "ok", 1e9 * (1 + b % 4) * arm[a].factor);
    }
}

static int summarise(void)
{
    assert_int_equal(fclose(runs), 0);
    return hm_summary_write(folder);
}

static const struct arm three_arms[] = {
    {"cache", "glibc", "baseline", "", 0, 1},
    {"cache", "glibc", "twin", "", 1, 1},
    {"cache", "fast", "test", "", 2, 0.5},
};

#endif /* HM_TESTS_UNIT_SUMMARY_FIXTURE_H */
