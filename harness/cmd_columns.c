/* SPDX-License-Identifier: MIT */
#include "harness/campaign/results.h"
#include "harness/suggest.h"
#include "harness/verbs.h"
#include "harness/version.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *type, *unit, *meaning;
} columns_runs[] = {

#define COLUMNS_ROW(name, type, unit, meaning) {#name, #type, unit, meaning},
    HM_RUN_COLUMNS(COLUMNS_ROW)
#undef COLUMNS_ROW
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
    "run) |\n"
    "| `runs.csv` | a run: one process, one cell, once | see below |\n"
    "| `samples.csv` | a look at a run from outside | run_id, t_ns (from the "
    "window's start), phase (setup, run, drop, end), rss_bytes, live_bytes "
    "(needed, from the census) |\n"
    "| `pauses.csv` | an event that held the mutator up | run_id, start_ns "
    "(from the window's start), duration_ns, kind |\n"
    "| `hist.csv` | a bucket of a latency histogram | run_id, low_ns, "
    "high_ns, count |\n"
    "| `leaks.csv` | a checkpoint of a leak workload | run_id, checkpoint, "
    "ops, needed_bytes (census), rss_bytes, heap_bytes |\n"
    "| `census.csv` | a workload with its parameters | census, workload, "
    "params, seed, threads, status (ok, or why there is none), checksum, ops, "
    "live_peak_bytes, live_end_bytes (as requested), alloc_count, alloc_bytes, "
    "free_count, lost_count, lost_bytes, counters, heap_1x_bytes |\n"
    "| `live.csv` | a point of the needed bytes | workload, params, threads, "
    "ops, live_bytes |\n"
    "| `meta.csv` | a fact about machine, build or request | key, value |\n"
    "| `summary.csv`, `ratios.csv`, `failures.csv`, and the data of charts | "
    "derived from the above | written anew by `heapmark summary` |\n"
    "\n"
    "## runs.csv\n"
    "\n"
    "| column | type | unit | meaning |\n"
    "|---|---|---|---|\n";

enum { COLUMNS_RUNS = sizeof columns_runs / sizeof columns_runs[0] };

static void columns_print_dictionary(void)
{
    (void)fputs(columns_intro, stdout);
    for (int i = 0; i < COLUMNS_RUNS; i++) {
        printf("| `%s` | %s | %s | %s |\n", columns_runs[i].name,
               columns_runs[i].type, columns_runs[i].unit,
               columns_runs[i].meaning);
    }
}

static const char *columns_json_type(const char *type)
{
    return strcmp(type, "TEXT") == 0   ? "string"
           : strcmp(type, "UINT") == 0 ? "integer"
                                       : "number";
}

static void columns_print_schema(void)
{
    printf("{\n  \"name\": \"heapmark runs.csv\",\n  \"version\": %d,\n"
           "  \"missingValues\": [\"\"],\n  \"primaryKey\": \"run_id\",\n"
           "  \"fields\": [\n",
           HM_SCHEMA_VERSION);
    for (int i = 0; i < COLUMNS_RUNS; i++) {
        printf("    {\"name\": \"%s\", \"type\": \"%s\", \"unit\": \"%s\",\n"
               "     \"description\": \"%s\"}%s\n",
               columns_runs[i].name, columns_json_type(columns_runs[i].type),
               columns_runs[i].unit, columns_runs[i].meaning,
               i + 1 < COLUMNS_RUNS ? "," : "");
    }
    (void)fputs("  ]\n}\n", stdout);
}

int hm_cmd_columns(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--schema") == 0) {
        columns_print_schema();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("Usage: heapmark columns [--schema]\n"
               "Prints the dictionary of the result files as Markdown, or the "
               "columns of runs.csv\nas a JSON table schema.\n");
        return 0;
    }
    if (argc > 1) {
        hm_complain("columns takes --schema or nothing, not '%s'", argv[1]);
        return HM_EXIT_USAGE;
    }
    columns_print_dictionary();
    return 0;
}
