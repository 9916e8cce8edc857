/* SPDX-License-Identifier: MIT */
#include "harness/analysis/table.h"

#include "harness/human.h"
#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define HEADER                                                              \
    "workload,params,heap_multiple,threads,strategy,class,arm,metric,unit," \
    "better,n,status,median,low,high,ratio,ratio_low,ratio_high,verdict,"   \
    "ci_target_met\n"
#define FAILURES                                                       \
    "workload,params,heap_multiple,threads,strategy,class,arm,status," \
    "reason\n"

#define ROW(workload, strategy, arm, metric, unit, n, rest)            \
    workload ",n=1,,1," strategy ",allocator," arm "," metric "," unit \
             ",lower," n "," rest "\n"

static const char summary[] = HEADER ROW("cache", "glibc", "baseline",
                                         "wall_ns", "ns", "10",
                                         "ok,604000000,6e8,6.1e8,,,,,")
    ROW("cache", "slow_one", "test", "wall_ns", "ns", "10",
        "ok,1200000000,1e9,1.3e9,2,1.9,2.1,slower,0")
        ROW("cache", "quick_one", "test", "wall_ns", "ns", "10",
            "ok,302000000,3e8,3.1e8,0.5,0.48,0.52,faster,1")
            ROW("cache", "quick_one", "test", "rss_peak_bytes", "bytes", "10",
                "ok,58720256,5e7,6e7,1.2,1.1,1.3,more,0")
                ROW("cache", "broken", "test", "wall_ns", "ns", "0",
                    "crash 10/10,,,,,,,,") "geomean,workloads=3;min=0.4;max=0."
                                           "6,,1,quick_one,allocator,test,wall_"
                                           "ns,"
                                           "ns,lower,10,ok,,,,0.5,0.48,0.52,"
                                           "faster,1\n"
                                           "geomean,workloads=3;min=0.9;max=1."
                                           "1,,1,glibc,allocator,twin,wall_ns,"
                                           "ns,lower,10,ok,,,,1.001,0.99,1.012,"
                                           "same,1\n";

static const char failures[] =
    FAILURES "cache,n=1,,1,broken,allocator,test,crash 10/10,signal 11\n";

static const char *printed(void)
{
    FILE *out = folder_open("table.txt", "w");

    assert_non_null(out);
    assert_int_equal(hm_table_print(folder, out), 0);
    assert_int_equal(fclose(out), 0);
    return folder_text("table.txt");
}

static const char *printed_summary(void)
{
    folder_put("summary.csv", summary);
    folder_put("failures.csv", failures);
    return printed();
}

static void rows_are_sorted_by_time_and_failures_come_last(void **state)
{
    const char *text = printed_summary();
    const char *fast = strstr(text, "quick_one");
    const char *base = strstr(text, "glibc");
    const char *slow = strstr(text, "slow_one");
    const char *broken = strstr(text, "broken");

    (void)state;
    assert_non_null(fast);
    assert_true(fast < base && base < slow && slow < broken);
    assert_non_null(strstr(broken, "crash 10/10"));
}

static void numbers_carry_units_and_intervals(void **state)
{
    const char *text = printed_summary();

    (void)state;
    assert_non_null(strstr(text, "0.50 [0.48, 0.52]"));
    assert_non_null(strstr(text, "302 ms"));
    assert_non_null(strstr(text, "1.20 s"));
    assert_non_null(strstr(text, "56.0 MiB"));
    assert_non_null(strstr(text, "1 (baseline)"));
    assert_non_null(strstr(text, "slower"));
}

static void failures_means_and_noise_are_told(void **state)
{
    const char *text = printed_summary();

    (void)state;
    assert_non_null(
        strstr(text, "failed: cache under broken: crash 10/10: signal 11"));
    assert_non_null(strstr(text, "0.40..0.60"));
    assert_non_null(strstr(text, "noise floor: glibc against itself 1.001 with "
                                 "a 95 % interval of 0.990 to 1.012"));
}

/* The leak workload does not count: nothing is compared there. */
static void noise_of_single_workloads_is_told(void **state)
{
    const char *text;

    (void)state;
    folder_put("summary.csv",
               HEADER ROW("cache", "glibc", "baseline", "wall_ns", "ns", "2",
                          "ok,100,90,110,,,,,")
                   ROW("cache", "glibc", "twin", "wall_ns", "ns", "2",
                       "ok,136,130,140,1.36,1.3,1.4,,")
                       ROW("churn", "glibc", "twin", "wall_ns", "ns", "2",
                           "ok,78,70,80,0.78,0.7,0.8,,")
                           ROW("leak_none", "glibc", "twin", "wall_ns", "ns",
                               "2", "ok,300,290,310,3,2.9,3.1,,")
                               ROW("geomean", "glibc", "twin", "wall_ns", "ns",
                                   "2", "ok,,,,1.03,1.01,1.05,,"));
    folder_put("failures.csv", FAILURES);
    text = printed();
    assert_non_null(strstr(text, "  on single workloads from 0.78 (churn) to "
                                 "1.36 (cache)\n"));
}

static void no_line_is_wider_than_100_columns(void **state)
{
    const char *text = printed_summary();

    (void)state;
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        assert_in_range(end - text, 0, 100);
}

static void instructions_have_a_column_where_they_were_counted(void **state)
{
    const char *text = printed_summary();

    (void)state;
    assert_null(strstr(text, "Ir/op"));
    folder_put("summary.csv",
               HEADER ROW("cache", "glibc", "baseline", "wall_ns", "ns", "6",
                          "ok,100,90,110,,,,,")
                   ROW("cache", "glibc", "baseline", "instructions_per_op",
                       "instructions", "1", "ok,210.25,210.25,210.25,,,,,")
                       ROW("cache", "a_name_that_needs_all_its_room", "test",
                           "wall_ns", "ns", "6",
                           "ok,9,8,9,0.5,0.4,0.6,faster,"));
    folder_put("failures.csv", FAILURES);
    text = printed();
    assert_non_null(strstr(text, "CPU x   Ir/op peak RSS"));
    assert_non_null(strstr(text, "100 ns  1.00     210        -"));
    assert_non_null(strstr(text, "\nIr/op: instructions per operation"));
    assert_non_null(strstr(text, "9.00 ns     -       -        -"));
    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1)
        assert_in_range(end - text, 0, 100);
}

/* The head of a table and its line of `strategy`, cut at the first blank. */
static const char *first_word(const char *text, const char *strategy)
{
    static char word[64];
    const char *line = strstr(text, strategy);

    word[0] = '\0';
    if (line != NULL) {
        (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(line, " "),
                       line);
    }
    return word;
}

static void put_long_names(const char *blocks, const char *verdict)
{
    char text[4096];

    (void)snprintf(text, sizeof text,
                   "%sw,n=1,,1,glibc,allocator,baseline,wall_ns,ns,lower,%s,ok,"
                   "1,1,1,,,,,\n"
                   "w,n=1,1.5,1,refcount_cycle_long_name,collector,test,"
                   "wall_ns,ns,lower,%s,ok,2e9,1,1,2,2,2,%s,\n"
                   "w,n=1,3,1,refcount_cycle_long_name,collector,test,"
                   "wall_ns,ns,lower,%s,ok,3e9,1,1,3,3,3,%s,\n"
                   "w,n=1,,1,a_malloc_with_a_long_name,allocator,test,"
                   "wall_ns,ns,lower,%s,ok,4e9,1,1,4,4,4,%s,\n",
                   HEADER, blocks, blocks, verdict, blocks, verdict, blocks,
                   verdict);
    folder_put("summary.csv", text);
    folder_put("failures.csv", FAILURES);
}

/* What tells the lines of a strategy apart is the heap at the end. */
static void long_names_keep_their_heap(void **state)
{
    (void)state;
    put_long_names("10", "inconclusive");
    assert_string_equal(first_word(printed(), "refcount"), "refcount_c~@1.5x");
    assert_non_null(strstr(printed(), "refcount_cyc~@3x"));
    assert_string_equal(first_word(printed(), "a_malloc"), "a_malloc_with_a~");
    for (const char *text = printed(), *end; (end = strchr(text, '\n')) != NULL;
         text = end + 1)
        assert_in_range(end - text, 0, 100);
}

/* Without verdicts there is room for more of a name. */
static void names_are_as_wide_as_there_is_room(void **state)
{
    (void)state;
    put_long_names("3", "");
    assert_string_equal(first_word(printed(), "a_malloc"),
                        "a_malloc_with_a_long_name");
    assert_string_equal(first_word(printed(), "refcount"),
                        "refcount_cycle_long_~@1.5x");
}

static void a_long_reason_is_cut_at_the_line(void **state)
{
    char text[1024], reason[301];
    const char *line;

    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    (void)printed_summary();
    (void)snprintf(text, sizeof text,
                   FAILURES "cache,n=1,,1,broken,allocator,test,crash,%s\n",
                   reason);
    folder_put("failures.csv", text);
    line = strstr(printed(), "failed: cache under broken: ");
    assert_non_null(line);
    assert_int_equal(strcspn(line, "\n"), 100);
    assert_memory_equal(line + 96, "x...", 4);
}

static void a_file_gets_no_colours(void **state)
{
    (void)state;
    assert_null(strchr(printed_summary(), '\033'));
}

static void three_blocks_print_a_range_and_say_what_it_cannot_tell(void **state)
{
    const char *text;

    (void)state;
    folder_put("summary.csv",
               HEADER ROW("cache", "glibc", "baseline", "wall_ns", "ns", "3",
                          "ok,1,1,1,,,,,")
                   ROW("cache", "quick_one", "test", "wall_ns", "ns", "3",
                       "ok,302000000,3e8,3.1e8,0.5,0.4,0.6,,"));
    folder_put("failures.csv", FAILURES);
    text = printed();
    assert_non_null(strstr(text, "0.50 (0.40..0.60)"));
    assert_non_null(strstr(text, "3 blocks: (low..high) is the range"));
    assert_non_null(strstr(text, "0.5 = half the time of glibc"));
    assert_non_null(strstr(text, "twin: the baseline again"));
    assert_null(strstr(text, "faster"));
}

static void leaks_disturbance_and_missing_runs_are_told(void **state)
{
    const char *text;

    (void)state;
    folder_put("summary.csv", HEADER ROW("leak_a", "odd", "test", "wall_ns",
                                         "ns", "1", "ok,1,1,1,0.5,0.5,0.5,,"));
    folder_put("failures.csv", FAILURES);
    folder_put("runs.csv", "workload,params,heap_multiple,threads,strategy,"
                           "class,arm,noisy,leak_verdict,leak_expected\n"
                           "leak_a,n=1,,1,odd,allocator,test,1,none,lost\n");
    folder_put("plan.csv", "cell,workload\n0,leak_a\n");
    folder_put("meta.csv", "key,value\nblocks_least,3\n");
    text = printed();
    assert_non_null(strstr(text, "   none!\n"));
    assert_null(strstr(text, "p99.9   pause"));
    assert_non_null(strstr(text, "leaks: 1 of 1 verdicts not as expected"));
    assert_non_null(strstr(text, "1 of 1 runs were disturbed by other work"));
    assert_non_null(strstr(text, "1 of 3 planned runs; go on with\n"));
    assert_non_null(strstr(text, "heapmark run --resume /tmp/"));
}

#define RUNS                                                           \
    "workload,params,heap_multiple,threads,strategy,class,arm,status," \
    "block,figures\n"

static void figures_are_below_the_table_of_their_workload(void **state)
{
    const char *text, *figures;

    (void)state;
    folder_put("runs.csv",
               RUNS "cache,n=1,,1,slow_one,allocator,test,ok,0,lines=64;"
                    "queue_bytes=1048576\n"
                    "cache,n=1,,1,slow_one,allocator,test,ok,1,lines=9;"
                    "queue_bytes=9\n"
                    "cache,n=1,,1,glibc,allocator,baseline,ok,0,lines=32;"
                    "queue_bytes=2097152\n"
                    "cache,n=1,,1,glibc,allocator,twin,ok,0,lines=33;"
                    "queue_bytes=3\n"
                    "cache,n=1,,1,broken,allocator,test,crash,0,\n");
    text = printed_summary();
    figures = strstr(text, "  lines: glibc 32, slow_one 64\n"
                           "  queue_bytes: glibc 2.00 MiB, slow_one 1.00 "
                           "MiB\n");
    assert_non_null(figures);
    assert_true(figures > strstr(text, "crash 10/10"));
    assert_true(figures < strstr(text, "geometric means"));
}

static void many_figures_take_several_lines(void **state)
{
    static const char *const name[] = {
        "a_long_name_of_a_strategy", "another_name_of_a_strategy",
        "yet_another_name_of_a_strategy", "still_another_name_of_a_strategy"};
    char rows[4096] = HEADER, runs[2048] = RUNS;
    const char *text;

    (void)state;
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        (void)sprintf(rows + strlen(rows),
                      "cache,n=1,,1,%s,allocator,test,wall_ns,ns,lower,10,ok,1,"
                      "1,1,,,,,\n",
                      name[i]);
        (void)sprintf(runs + strlen(runs),
                      "cache,n=1,,1,%s,allocator,test,ok,0,lines=%zu\n",
                      name[i], i);
    }
    folder_put("summary.csv", rows);
    folder_put("failures.csv", FAILURES);
    folder_put("runs.csv", runs);
    text = strstr(printed(), "  lines: ");
    assert_non_null(text);
    for (int line = 0; line < 2; line++) {
        size_t length = strcspn(text, "\n");

        assert_in_range(length, 30, 100);
        text += length + 1;
    }
    assert_int_equal(*text, '\n');
}

static void a_tenth_of_disturbed_runs_is_no_news(void **state)
{
    char runs[1024] = "workload,noisy\nw,1\n";

    (void)state;
    for (int i = 0; i < 9; i++)
        strcat(runs, "w,0\n");
    folder_put("runs.csv", runs);
    assert_null(strstr(printed_summary(), "disturbed"));
    strcat(runs, "w,1\n");
    folder_put("runs.csv", runs);
    assert_non_null(strstr(printed_summary(), "2 of 11 runs were disturbed"));
}

static void runs_with_more_heap_than_their_multiple_are_told(void **state)
{
    (void)state;
    folder_put("runs.csv",
               "workload,heap_multiple,heap_limit_bytes,heap_base_bytes\n"
               "w,2,4194304,1000000\nw,3,4194304,1000000\n"
               "w,6,6000000,1000000\nw,2,2000896,1000000\nw,,,\n");
    assert_non_null(strstr(printed_summary(), "2 runs had the least heap"));
    folder_put("runs.csv",
               "workload,heap_multiple,heap_limit_bytes,heap_base_bytes\n"
               "w,6,6000000,1000000\n");
    assert_null(strstr(printed_summary(), "least heap"));
}

static void a_failure_names_the_twin_and_comes_once(void **state)
{
    const char *text;

    (void)state;
    folder_put("summary.csv",
               HEADER ROW("cache", "glibc", "baseline", "wall_ns", "ns", "0",
                          "oom 3/3,,,,,,,,")
                   ROW("cache", "glibc", "twin", "wall_ns", "ns", "0",
                       "oom 3/3,,,,,,,,") "cache,n=2,,1,glibc,allocator,twin,"
                                          "wall_ns,ns,lower,0,"
                                          "oom 3/3,,,,,,,,\n");
    folder_put("failures.csv", FAILURES);
    text = strstr(printed(), "failed: cache under glibc (twin): oom 3/3\n");
    assert_non_null(text);
    assert_null(strstr(text + 1, "failed: "));
}

/* 3 MiB resident over 0.5 MiB and over 1 MiB of live bytes. */
static void less_than_a_mebibyte_of_live_bytes_gives_no_ratio_to_them(
    void **state)
{
    (void)state;
    folder_put("failures.csv", FAILURES);
    folder_put(
        "summary.csv",
        HEADER ROW("w", "s", "test", "wall_ns", "ns", "1", "ok,1,1,1,,,,,")
            ROW("w", "s", "test", "rss_peak_bytes", "bytes", "1",
                "ok,3145728,1,1,,,,,") ROW("w", "s", "test", "rss_over_live",
                                           "ratio", "1", "ok,6,6,6,,,,,"));
    assert_null(strstr(printed(), "6.00"));
    folder_put(
        "summary.csv",
        HEADER ROW("w", "s", "test", "wall_ns", "ns", "1", "ok,1,1,1,,,,,")
            ROW("w", "s", "test", "rss_peak_bytes", "bytes", "1",
                "ok,6291456,1,1,,,,,") ROW("w", "s", "test", "rss_over_live",
                                           "ratio", "1", "ok,6,6,6,,,,,"));
    assert_non_null(strstr(printed(), "6.00 MiB     6.00"));
}

static void without_a_summary_there_is_an_error_and_no_output(void **state)
{
    FILE *out = folder_open("table.txt", "w");

    (void)state;
    assert_non_null(out);
    assert_int_equal(hm_table_print(folder, out), -ENOENT);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(folder_text("table.txt"), "");
}

static void human_numbers_have_three_digits_and_a_unit(void **state)
{
    static const struct {
        double value;
        const char *unit, *text;
    } table[] = {
        {0, "ns", "0 ns"},
        {7, "ns", "7.00 ns"},
        {999.6, "ns", "1.00 us"},
        {2610, "ns", "2.61 us"},
        {604e6, "ns", "604 ms"},
        {12.34e9, "ns", "12.3 s"},
        {3e12, "ns", "3000 s"},
        {812 * 1024, "bytes", "812 KiB"},
        {1010, "bytes", "0.99 KiB"},
        {5.87e7, "bytes", "56.0 MiB"},
        {0.7334, "ratio", "0.73"},
        {12.46, "ratio", "12.5"},
        {NAN, "ns", "-"},
        {NAN, "ratio", "-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char text[HM_HUMAN_BYTES];

        hm_human_value(text, table[i].value, table[i].unit);
        assert_string_equal(text, table[i].text);
    }
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(rows_are_sorted_by_time_and_failures_come_last),
        TEST(numbers_carry_units_and_intervals),
        TEST(failures_means_and_noise_are_told),
        TEST(noise_of_single_workloads_is_told),
        TEST(no_line_is_wider_than_100_columns),
        TEST(instructions_have_a_column_where_they_were_counted),
        TEST(long_names_keep_their_heap),
        TEST(names_are_as_wide_as_there_is_room),
        TEST(a_long_reason_is_cut_at_the_line),
        TEST(a_file_gets_no_colours),
        TEST(three_blocks_print_a_range_and_say_what_it_cannot_tell),
        TEST(leaks_disturbance_and_missing_runs_are_told),
        TEST(figures_are_below_the_table_of_their_workload),
        TEST(many_figures_take_several_lines),
        TEST(a_tenth_of_disturbed_runs_is_no_news),
        TEST(runs_with_more_heap_than_their_multiple_are_told),
        TEST(a_failure_names_the_twin_and_comes_once),
        TEST(less_than_a_mebibyte_of_live_bytes_gives_no_ratio_to_them),
        TEST(without_a_summary_there_is_an_error_and_no_output),
        cmocka_unit_test(human_numbers_have_three_digits_and_a_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
