/* SPDX-License-Identifier: MIT */
#include "harness/campaign/environment.h"

#include "common/clock.h"
#include "common/os.h"
#include "harness/campaign/library.h"
#include "harness/campaign/measure_rows.h"
#include "harness/csv.h"
#include "harness/version.h"

#include <gnu/libc-version.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void hm_environment_line(FILE *out, const char *key, const char *value)
{
    hm_csv_put(out, key);
    fputc(',', out);
    hm_csv_put(out, value);
    fputc('\n', out);
}

static void environment_number(FILE *out, const char *key, uint64_t value)
{
    fprintf(out, "%s,%" PRIu64 "\n", key, value);
}

/* First line of a file of /proc or /sys. */
static void environment_file(FILE *out, const char *key, const char *path)
{
    FILE *file = fopen(path, "re");
    char line[1024] = "";

    if (file != NULL) {
        if (fgets(line, sizeof line, file) == NULL)
            line[0] = '\0';
        (void)fclose(file);
    }
    line[strcspn(line, "\n")] = '\0';
    hm_environment_line(out, key, line);
}

/* What stands behind "field : " in a file of such lines. */
static void environment_field(FILE *out, const char *key, const char *path,
                              const char *field)
{
    FILE *file = fopen(path, "re");
    char line[4096], value[4096] = "";
    size_t bytes = strlen(field);

    while (file != NULL && value[0] == '\0' &&
           fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');

        if (colon == NULL || strncmp(line, field, bytes) != 0 ||
            strspn(line + bytes, " \t") != (size_t)(colon - line) - bytes)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        (void)snprintf(value, sizeof value, "%s", colon);
    }
    if (file != NULL)
        (void)fclose(file);
    hm_environment_line(out, key, value);
}

static void environment_processors(FILE *out)
{
    cpu_set_t allowed;
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    environment_field(out, "cpu_model", "/proc/cpuinfo", "model name");
    environment_field(out, "cpu_family", "/proc/cpuinfo", "cpu family");
    environment_field(out, "cpu_stepping", "/proc/cpuinfo", "stepping");
    environment_field(out, "cpu_microcode", "/proc/cpuinfo", "microcode");
    environment_number(out, "cpus_online", (uint64_t)online);
    environment_number(out, "cpus_allowed",
                       sched_getaffinity(0, sizeof allowed, &allowed) == 0
                           ? (uint64_t)CPU_COUNT(&allowed)
                           : 0);
    environment_file(out, "cpu_siblings",
                     "/sys/devices/system/cpu/cpu0/topology/"
                     "thread_siblings_list");
    environment_file(out, "cpu_governor",
                     "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    environment_file(out, "cpu_boost", "/sys/devices/system/cpu/cpufreq/boost");
    environment_file(out, "clocksource",
                     "/sys/devices/system/clocksource/clocksource0/"
                     "current_clocksource");
    environment_number(out, "clock_cost_ns", hm_clock_cost_ns());
    environment_file(out, "numa_nodes", "/sys/devices/system/node/online");
}

static void environment_memory(FILE *out)
{
    environment_number(out, "ram_bytes", hm_os_ram_bytes());
    environment_field(out, "ram_available", "/proc/meminfo", "MemAvailable");
    environment_field(out, "swap_total", "/proc/meminfo", "SwapTotal");
    environment_number(out, "page_bytes", (uint64_t)sysconf(_SC_PAGESIZE));
    environment_file(out, "thp_enabled",
                     "/sys/kernel/mm/transparent_hugepage/enabled");
    environment_file(out, "thp_defrag",
                     "/sys/kernel/mm/transparent_hugepage/defrag");
    environment_file(out, "overcommit", "/proc/sys/vm/overcommit_memory");
    environment_file(out, "aslr", "/proc/sys/kernel/randomize_va_space");
}

/* The words of the kernel's command line that change measurements; the others
 * may name disks and hosts. */
static void environment_kernel_words(FILE *out)
{
    static const char *const wanted[] = {
        "mitigations=", "isolcpus=", "nohz_full=", "transparent_hugepage="};
    FILE *file = fopen("/proc/cmdline", "re");
    char line[4096] = "", *rest = line, *word;

    if (file != NULL) {
        if (fgets(line, sizeof line, file) == NULL)
            line[0] = '\0';
        (void)fclose(file);
    }
    while ((word = strsep(&rest, " \n")) != NULL) {
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (strncmp(word, wanted[i], strlen(wanted[i])) == 0)
                hm_environment_line(out, "kernel_option", word);
        }
    }
}

static void environment_system(FILE *out)
{
    struct utsname system;
    struct hm_machine machine = hm_machine_now();

    if (uname(&system) == 0) {
        hm_environment_line(out, "kernel", system.release);
        hm_environment_line(out, "machine", system.machine);
    }
    environment_kernel_words(out);
    environment_file(out, "hypervisor", "/sys/class/dmi/id/sys_vendor");
    environment_file(out, "perf_event_paranoid",
                     "/proc/sys/kernel/perf_event_paranoid");
    environment_file(out, "pressure_cpu", "/proc/pressure/cpu");
    fprintf(out, "load1,%.6g\n", machine.load1);
    environment_number(out, "steal_ticks", machine.steal_ticks);
    hm_environment_line(out, "libc_version", gnu_get_libc_version());
}

/* What exactly a strategy's malloc is: three lines that name it each in their
 * way, since versions are told by hand and files are replaced. */
static void environment_malloc(struct hm_pool *pool, FILE *out, const char *key,
                               const struct hm_strategy *strategy)
{
    char id[HM_LIBRARY_ID_BYTES] = "";

    hm_environment_line(
        out, hm_pool_format(pool, "%s.malloc", key),
        hm_catalog_public_path(strategy, strategy->malloc_path));
    (void)hm_library_build_id(strategy->malloc_path, id);
    hm_environment_line(out, hm_pool_format(pool, "%s.build_id", key), id);
    if (*strategy->package_version != '\0') {
        hm_environment_line(out, hm_pool_format(pool, "%s.package", key),
                            hm_pool_format(pool, "%s %s", strategy->package,
                                           strategy->package_version));
    }
}

static void environment_strategies(struct hm_pool *pool, FILE *out,
                                   const struct hm_catalog *catalog)
{
    for (size_t i = 0; i < catalog->n_strategies; i++) {
        const struct hm_strategy *strategy = catalog->strategy[i];
        const char *key = hm_pool_format(pool, "strategy.%s", strategy->id);

        hm_environment_line(out, hm_pool_format(pool, "%s.state", key),
                            strategy->off != NULL ? strategy->off : "on");
        hm_environment_line(out, hm_pool_format(pool, "%s.version", key),
                            strategy->version);
        environment_malloc(pool, out, key, strategy);
    }
}

/* What the plan holds, in words: for readers of the report. */
static void environment_summaries(struct hm_pool *pool, FILE *out,
                                  const struct hm_catalog *catalog,
                                  const struct hm_plan *plan)
{
    for (size_t i = 0; i < catalog->n_workloads; i++) {
        const struct hm_workload *workload = catalog->workload[i];
        bool planned = false;

        for (size_t k = 0; k < plan->n_subjects; k++)
            planned |= plan->subject[k].workload == workload;
        if (planned) {
            hm_environment_line(
                out, hm_pool_format(pool, "workload.%s.summary", workload->id),
                workload->summary);
        }
    }
    for (size_t i = 0; i < catalog->n_strategies; i++) {
        const struct hm_strategy *strategy = catalog->strategy[i];
        bool planned = false;

        for (size_t k = 0; k < plan->n_cells; k++)
            planned |= plan->cell[k].strategy == strategy;
        if (planned) {
            hm_environment_line(
                out, hm_pool_format(pool, "strategy.%s.summary", strategy->id),
                strategy->summary);
        }
    }
}

static void environment_request(FILE *out, const struct hm_plan *plan,
                                const char *command)
{
    const struct hm_suite *suite = plan->suite;
    char now[32];

    hm_utc_now(now);
    environment_number(out, "schema", HM_SCHEMA_VERSION);
    hm_environment_line(out, "heapmark_version", HM_VERSION);
    hm_environment_line(out, "started_utc", now);
    hm_environment_line(out, "command", command);
    hm_environment_line(out, "suite", suite->name);
    hm_environment_line(out, "suite_summary", suite->summary);
    hm_environment_line(out, "size", suite->full ? "full" : "quick");
    hm_environment_line(out, "baseline", suite->baseline);
    environment_number(out, "seed", suite->seed);
    environment_number(out, "blocks_least", suite->blocks);
    environment_number(out, "blocks_most",
                       suite->ci > 0 ? suite->max_blocks : suite->blocks);
    fprintf(out, "ci_target,%.6g\n", suite->ci);
    environment_number(out, "timeout_s", suite->timeout_s);
    hm_environment_line(out, "heap_base",
                        plan->minheap != NULL ? "minheap" : "census");
    environment_number(out, "cells", plan->n_cells);
}

void hm_environment_write(struct hm_pool *pool,
                          const struct hm_catalog *catalog,
                          const struct hm_plan *plan, const char *command,
                          FILE *out)
{
    (void)fputs("key,value\n", out);
    environment_request(out, plan, command);
    hm_environment_line(out, "compiler", HM_COMPILER);
    hm_environment_line(out, "compiler_flags", HM_COMPILER_FLAGS);
    environment_system(out);
    environment_processors(out);
    environment_memory(out);
    environment_strategies(pool, out, catalog);
    environment_summaries(pool, out, catalog, plan);
}
