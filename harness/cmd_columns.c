/* SPDX-License-Identifier: MIT */
#include "harness/campaign/results.h"
#include "harness/suggest.h"
#include "harness/verbs.h"
#include "harness/version.h"

#include <stdio.h>
#include <string.h>

struct columns_row {
    const char *name, *type, *unit, *meaning;
};

#define COLUMNS_ROW(name, type, unit, meaning) {#name, #type, unit, meaning},
static const struct columns_row columns_runs[] = {HM_RUN_COLUMNS(COLUMNS_ROW)};
static const struct columns_row columns_minheap[] = {
    HM_MINHEAP_COLUMNS(COLUMNS_ROW)};
#undef COLUMNS_ROW

enum {
    COLUMNS_RUNS = sizeof columns_runs / sizeof columns_runs[0],
    COLUMNS_MINHEAP = sizeof columns_minheap / sizeof columns_minheap[0],
};

static const char columns_intro[] =
    "# Result files\n"
    "\n"
    "Written by `heapmark columns > results/README.md`; a test compares.\n"
    "\n"
    "A campaign is a folder.  All tables are RFC 4180 CSV with a header, "
    "UTF-8, LF; times\nin ns, sizes in bytes, a decimal dot; an empty field "
    "was not measured.  New columns\ncome last.\n"
    "\n"
    "| file | a row is | columns |\n"
    "|---|---|---|\n"
    "| `suite.ini` | – | the request, in full; `heapmark run --suite` takes "
    "it |\n"
    "| `plan.csv` | a cell | cell, workload, kind, params, seed, strategy, "
    "class, version, arm, threads, heap_multiple, unsupported (why it cannot "
    "run), minheap_bytes (what heap_multiple is of; empty: the census's 1x), "
    "settings (of the variant, and --icount, --syscalls, --operations, "
    "--stress and --verify; each ends in ;) |\n"
    "| `runs.csv` | a run: one process, one cell, once | see below |\n"
    "| `samples.csv` | a look at a run from outside | run_id, t_ns (from the "
    "window's start), phase (setup, run, drop, end), rss_bytes, live_bytes "
    "(needed, from the census) |\n"
    "| `pauses.csv` | an event that held the mutator up | run_id, start_ns "
    "(from the window's start), duration_ns, kind |\n"
    "| `hist.csv` | a bucket of a latency histogram | run_id, low_ns, "
    "high_ns, count, operation (empty: samples of the run; metered: the same, "
    "had they begun evenly; malloc, calloc, aligned, realloc, free: each "
    "request, from --operations) |\n"
    "| `leaks.csv` | a checkpoint of a leak workload | run_id, checkpoint, "
    "ops, needed_bytes (by the task: the twin's census), reachable_bytes (by "
    "the program: its census), live_bytes (not reclaimed: after a full "
    "collection, with headers; freed by hand: as requested), used_bytes (a "
    "malloc's own account of what it has given; a collector's heap), rss_bytes "
    "(before that collection) |\n"
    "| `census.csv` | a workload with its parameters | census, workload, "
    "params, seed, threads, status (ok, or why there is none), checksum, ops, "
    "live_peak_bytes, live_end_bytes (as requested), alloc_count, alloc_bytes, "
    "free_count, lost_count, lost_bytes, counters, heap_1x_bytes |\n"
    "| `live.csv` | a point of the needed bytes | workload, params, threads, "
    "ops, live_bytes |\n"
    "| `rates.csv` | a workload that has open loops: what a load of 100 % is | "
    "workload, params, threads, strategy (the baseline), status (ok, or why "
    "there is none), rate_per_s (operations; the best of three runs) |\n"
    "| `minheap.csv` | a workload under a strategy: the smallest heap, by "
    "`heapmark minheap` | see below |\n"
    "| `meta.csv` | a fact about machine, build or request | key, value |\n";

/* The tables that `heapmark summary` makes, and charts draw. */
static const char columns_derived[] =
    "| `summary.csv`, `ratios.csv`, `failures.csv`, and the data of charts | "
    "derived from the above | written anew by `heapmark summary` |\n"
    "| `pause_history.csv` | a kind of pause in a stretch of the clock window, "
    "1/240 of it, of one run of a cell | workload, strategy, kind (unlisted: "
    "slices too short for pauses.csv, and what had no room there), t_s (when "
    "the longest began; unlisted: the window's end), pause_ms (the longest), "
    "pauses, total_ms |\n"
    "| `mmu.csv` | a cell and a length of time | workload, strategy, "
    "window_ns, mmu_worst, mmu_median, bmu_worst, bmu_median (shares of 1: of "
    "its worst and its median run), runs; NaN ends a curve |\n"
    "| `lbo.csv` | a cell, for wall_ns and for cpu_ns | metric, workload "
    "(geomean: over all), strategy, heap_multiple (NaN: no limit), lbo (cost / "
    "bound_ns), low, high, status, n, bound_ns (least distilled cost), bound "
    "(whose) |\n"
    "| `time_heap.csv` | a cell of a workload with several heap sizes | "
    "workload, strategy, heap_multiple, wall_ns (median), low, high, status, n "
    "|\n"
    "| `scaling.csv` | a cell of a workload with several numbers of threads | "
    "workload, strategy, threads, throughput (operations per second / the "
    "baseline's at baseline_threads, the fewest that it completed), low, high, "
    "status, n, baseline, baseline_threads |\n"
    "| `sweep.csv` | a cell of a workload with several values of a parameter, "
    "for ns_per_op and, if counted, instructions_per_op | metric, workload "
    "(with the parameter: churn/slots), strategy, value (of the parameter), "
    "cost (median), low, high, status, n |\n"
    "| `drain.csv` | a cell and a look at its resident set when all was freed "
    "| workload, strategy, after (s: seconds, 1000ops, trim), rss_mib "
    "(median), low, high, status, n |\n"
    "| `operations.csv` | a cell, a kind of operation and a percentile | "
    "workload, strategy, operation, percentile, latency_ns, samples, "
    "clock_cost_ns (of one reading, which is in latency_ns: below three times "
    "that nothing is resolved) |\n"
    "| `stack_heap.csv` | a cell of `stack_heap` with several kinds of frames "
    "| "
    "workload, strategy, kind (locals, struct, alloca, frames, boxed, deep), "
    "ns_per_call (median), low, high, grown_mib (peak of the resident set less "
    "what was resident before; median), grown_low, grown_high, status, n |\n"
    "| `sharing.csv` | a cell and a kind of round of `line_sharing` | "
    "workload, "
    "strategy, round (active, passive), share (of cache lines with objects of "
    "two threads; median), low, high, status, n |\n"
    "| `nursery.csv` | a metric of a cell that was given a nursery | metric, "
    "workload, strategy (one for all variants called after their nursery), "
    "nursery_mib (of a semispace), value (median), low, high, status, n |\n"
    "| `leak_components.csv` | a checkpoint of a leak workload, of one run of "
    "a cell | workload, strategy, ops, needed_mib, reachable_mib, live_mib, "
    "used_mib, rss_mib: as in leaks.csv; verdict of the cell |\n"
    "| `leak_slopes.csv` | a cell of a leak workload | workload, strategy, "
    "bytes_per_op (growth of the resident set; median), low, high, share (of "
    "what an operation allocates), verdict, expected, unexpected (runs with "
    "another), status, n |\n";

static void columns_print_table(const char *file, const struct columns_row *row,
                                int n)
{
    printf("\n## %s\n\n| column | type | unit | meaning |\n|---|---|---|---|\n",
           file);
    for (int i = 0; i < n; i++) {
        printf("| `%s` | %s | %s | %s |\n", row[i].name, row[i].type,
               row[i].unit, row[i].meaning);
    }
}

static void columns_print_dictionary(void)
{
    (void)fputs(columns_intro, stdout);
    (void)fputs(columns_derived, stdout);
    columns_print_table("runs.csv", columns_runs, COLUMNS_RUNS);
    columns_print_table("minheap.csv", columns_minheap, COLUMNS_MINHEAP);
}

static const char *columns_json_type(const char *type)
{
    return strcmp(type, "TEXT") == 0   ? "string"
           : strcmp(type, "UINT") == 0 ? "integer"
                                       : "number";
}

static void columns_print_fields(const struct columns_row *row, int n)
{
    (void)fputs("  \"missingValues\": [\"\"],\n  \"fields\": [\n", stdout);
    for (int i = 0; i < n; i++) {
        printf("    {\"name\": \"%s\", \"type\": \"%s\", \"unit\": \"%s\",\n"
               "     \"description\": \"%s\"}%s\n",
               row[i].name, columns_json_type(row[i].type), row[i].unit,
               row[i].meaning, i + 1 < n ? "," : "");
    }
    (void)fputs("  ]", stdout);
}

/* That of runs.csv, with the other table within. */
static void columns_print_schema(void)
{
    printf("{\n  \"name\": \"heapmark runs.csv\",\n  \"version\": %d,\n"
           "  \"primaryKey\": \"run_id\",\n",
           HM_SCHEMA_VERSION);
    columns_print_fields(columns_runs, COLUMNS_RUNS);
    printf(",\n  \"also\": [{\n  \"name\": \"heapmark minheap.csv\",\n"
           "  \"primaryKey\": [\"workload\", \"params\", \"seed\", "
           "\"threads\", \"strategy\"],\n");
    columns_print_fields(columns_minheap, COLUMNS_MINHEAP);
    (void)fputs("\n  }]\n}\n", stdout);
}

int hm_cmd_columns(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        columns_print_schema();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf(
            "Usage: heapmark columns [--schema]\n"
            "Prints the dictionary of the result files as Markdown, or the "
            "columns of runs.csv\nand minheap.csv as a JSON table schema.\n");
        return 0;
    }
    if (argc > 1) {
        hm_complain("columns takes --schema or nothing, not '%s'", argv[1]);
        return HM_EXIT_USAGE;
    }
    columns_print_dictionary();
    return 0;
}
