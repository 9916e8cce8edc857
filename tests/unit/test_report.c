/* SPDX-License-Identifier: MIT */
#include "harness/analysis/report_html.h"
#include "harness/analysis/report_tables.h"
#include "harness/analysis/report_text.h"
#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static FILE *out;

static int begin(void **state)
{
    int error = folder_make(state);

    out = folder_open("out.html", "w");
    return error != 0 || out == NULL;
}

static const char *written(void)
{
    assert_int_equal(fflush(out), 0);
    return folder_text("out.html");
}

static int end(void **state)
{
    return fclose(out) != 0 || folder_remove(state) != 0;
}

static const char *path_of(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void text_means_itself(void **state)
{
    (void)state;
    hm_html_put(out, "<b>\"a\" & 'b'</b>");
    assert_string_equal(written(),
                        "&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;");
}

static void only_arguments_of_a_format_are_escaped(void **state)
{
    (void)state;
    hm_html_format(out, "<i>%s</i> %zu 95 %%", "<x>", (size_t)7);
    assert_string_equal(written(), "<i>&lt;x&gt;</i> 7 95 %");
}

/* Their size is not known, so that no argument behind them can be read. */
static void other_directives_end_a_format(void **state)
{
    static const char format[] = "%d of %lu: %s";

    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    hm_html_format(out, format, -3, 5ul, "x");
#pragma GCC diagnostic pop
    assert_string_equal(written(), "-3 of %lu: %s");
}

static void a_table_is_escaped_and_cut_off_with_a_word(void **state)
{
    (void)state;
    folder_put("t.csv", "a,b<\n1,<script>\n2,NaN\n3,x\n");
    assert_int_equal(hm_html_csv(out, folder, "t.csv", "", "", 2), 0);
    assert_non_null(strstr(written(), "<th scope=\"col\">b&lt;</th>"));
    assert_non_null(strstr(written(), "<td>&lt;script&gt;</td>"));
    assert_non_null(strstr(written(), "<td>–</td>"));
    assert_null(strstr(written(), "<td>3</td>"));
    assert_non_null(strstr(written(), "The first 2 of 3 rows"));
}

static void a_table_may_be_of_the_rows_with_one_value(void **state)
{
    (void)state;
    folder_put("t.csv", "a,b\n1,x\n2,y\n3,x\n");
    assert_int_equal(hm_html_csv(out, folder, "t.csv", "b", "x", 2), 0);
    assert_non_null(strstr(written(), "<td>3</td>"));
    assert_null(strstr(written(), "<td>2</td>"));
    assert_null(strstr(written(), "rows"));
}

static void a_missing_table_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(hm_html_csv(out, folder, "t.csv", "", "", 2), -ENOENT);
    assert_string_equal(written(), "");
}

static const char svg[] =
    "<?xml version=\"1.0\"?>\n<svg \n viewBox=\"0 0 640 480\"\n "
    "xmlns=\"http://www.w3.org/2000/svg\">\n<title>old</title>\n"
    "<desc>old too</desc>\n<g id=\"canvas\"><circle id='dot'/>"
    "<use xlink:href='#dot'/><g filter=\"url(#grey)\"/></g></svg>\n";

static void charts_get_ids_of_their_own_and_a_title(void **state)
{
    (void)state;
    folder_put("x.svg", svg);
    assert_int_equal(hm_html_svg(out, path_of("x.svg"), "c1", "A & B", "what"),
                     0);
    assert_int_equal(hm_html_svg(out, path_of("x.svg"), "c2", "A & B", "what"),
                     0);
    assert_non_null(strstr(written(), "<title id=\"c1-t\">A &amp; B</title>"));
    assert_non_null(strstr(written(), "role=\"img\" aria-labelledby=\"c1-t "
                                      "c1-d\" viewBox=\"0 0 640 480\""));
    assert_non_null(strstr(written(), "id=\"c2-canvas\""));
    assert_non_null(strstr(written(), "id='c1-dot'"));
    assert_non_null(strstr(written(), "href='#c1-dot'"));
    assert_non_null(strstr(written(), "url(#c2-grey)"));
    assert_null(strstr(written(), "http://"));
    assert_null(strstr(written(), "old"));
    assert_null(strstr(written(), "<?xml"));
}

static void what_is_no_chart_is_refused(void **state)
{
    (void)state;
    folder_put("x.svg", "<svg viewBox=\"0 0 1 1\"><desc></desc>");
    assert_int_equal(hm_html_svg(out, path_of("x.svg"), "c1", "t", "d"),
                     -EILSEQ);
    assert_int_equal(hm_html_svg(out, path_of("y.svg"), "c1", "t", "d"),
                     -ENOENT);
    assert_string_equal(written(), "");
}

#define HEADER                                                              \
    "workload,params,heap_multiple,threads,strategy,class,arm,metric,unit," \
    "better,n,status,median,low,high,ratio,ratio_low,ratio_high,verdict,"   \
    "ci_target_met\n"
#define FAILURES                                                       \
    "workload,params,heap_multiple,threads,strategy,class,arm,status," \
    "reason\n"
#define CELL(strategy, class, arm, n, rest)                                    \
    "cache,n=1,,1," strategy "," class "," arm ",wall_ns,ns,lower," n "," rest \
                                       "\n"

static void findings(const char *rows_text, const char *failures)
{
    struct hm_summary_rows rows;

    folder_put("summary.csv", rows_text);
    folder_put("failures.csv", failures);
    assert_int_equal(hm_summary_rows_read(&rows, folder), 0);
    hm_report_findings(out, &rows);
    hm_report_failure_table(out, &rows);
    if (rows.n > 0)
        hm_report_work_table(out, &rows, 0, hm_report_group(&rows, 0));
    hm_summary_rows_free(&rows);
}

static void findings_say_how_much_and_how_sure(void **state)
{
    (void)state;
    findings(
        HEADER CELL("glibc", "allocator", "baseline", "10", "ok,1e9,1,1,,,,,")
            CELL("quick", "allocator", "test", "10",
                 "ok,5e8,1,1,0.5,0.48,0.52,faster,1")
                CELL("slow", "allocator", "test", "10",
                     "ok,2e9,1,1,2,1.9,2.1,slower,0")
                    CELL("equal", "collector", "test", "10",
                         "ok,1e9,1,1,0.99,0.98,1.01,same,1"),
        FAILURES);
    assert_non_null(strstr(written(),
                           "<b>quick</b> is 2.00 times as fast as glibc (95 % "
                           "interval 1.92 to 2.08) on cache"));
    assert_non_null(strstr(written(),
                           "<b>slow</b> takes 2.00 times as long as glibc (95 "
                           "% interval 1.90 to 2.10) on cache"));
    assert_null(strstr(written(), "<b>equal</b>"));
    assert_null(strstr(written(), "disturbed"));
    assert_non_null(strstr(written(), "All 4 cells completed"));
    assert_non_null(strstr(written(), "Every cell of the plan completed"));
}

static void few_blocks_are_never_called_sure(void **state)
{
    (void)state;
    findings(
        HEADER CELL("glibc", "allocator", "baseline", "3", "ok,1e9,1,1,,,,,")
            CELL("quick", "allocator", "test", "3", "ok,5e8,1,1,0.5,0.4,0.6,,"),
        FAILURES);
    assert_non_null(strstr(written(), "seen, not proven"));
    assert_non_null(strstr(written(), "cannot tell a difference from noise"));
    assert_null(strstr(written(), "95 % interval"));
}

static void only_proven_differences_of_other_than_leak_workloads_lead(
    void **state)
{
    (void)state;
    findings(
        HEADER CELL("glibc", "allocator", "baseline", "10", "ok,1e9,1,1,,,,,")
            CELL("unsure", "allocator", "test", "10",
                 "ok,5e8,1,1,0.5,0.3,1.2,inconclusive,0")
                CELL("quick", "allocator", "test", "10",
                     "ok,8e8,1,1,0.8,0.7,0.9,faster,1") "leak_lost,n=1,,1,"
                                                        "leaky,allocator,test,"
                                                        "wall_ns,ns,lower,10,"
                                                        "ok,1,1,1,0.1,0.1,0.1,"
                                                        "faster,1\n",
        FAILURES);
    assert_non_null(strstr(written(), "gain of any allocator: <b>quick</b>"));
    assert_null(strstr(written(), "<b>unsure</b>"));
    assert_null(strstr(written(), "<b>leaky</b>"));
}

#define RUNS                                                          \
    "workload,params,heap_multiple,threads,strategy,class,arm,noisy," \
    "leak_verdict,leak_expected\n"
#define RUN(strategy, noisy, verdict) \
    "leak_a,n=1,,1," strategy ",allocator,test," noisy "," verdict ",lost\n"
#define LEAK(strategy)                                                     \
    "leak_a,n=1,,1," strategy ",allocator,test,wall_ns,ns,lower,2,ok,1,1," \
    "1,,,,,\n"

static void leak_verdicts_disturbed_and_missing_runs_are_told(void **state)
{
    (void)state;
    folder_put("runs.csv",
               RUNS RUN("tight", "1", "lost") RUN("tight", "0", "lost")
                   RUN("odd", "1", "none") RUN("odd", "0", "lost"));
    folder_put("plan.csv", "cell,workload\n0,leak_a\n1,leak_a\n");
    folder_put("meta.csv", "key,value\nblocks_least,3\n");
    findings(HEADER LEAK("tight") LEAK("odd"), FAILURES);
    assert_non_null(strstr(written(), "1 of 2 leak verdicts were not expected: "
                                      "leak_a under odd: none instead of "
                                      "lost."));
    assert_non_null(strstr(written(), "2 of 4 runs were disturbed"));
    assert_non_null(strstr(written(), "4 of 6 planned runs"));
    assert_null(strstr(written(), "cells completed"));
    assert_non_null(strstr(written(), "<td colspan=\"3\">none!</td>"));
    assert_non_null(strstr(written(), "<td colspan=\"3\">lost</td>"));
}

static void expected_leak_verdicts_are_one_sentence(void **state)
{
    (void)state;
    folder_put("runs.csv", RUNS RUN("tight", "0", "lost"));
    findings(HEADER LEAK("tight"), FAILURES);
    assert_non_null(
        strstr(written(), "Every leak verdict was the expected one: 1 of 1."));
}

#define NURSERY                                                       \
    "metric,workload,strategy,nursery_mib,value,low,high,status,n\n"  \
    "cpu_ms,a,lean@4x,1,50,,,ok,3\ncpu_ms,a,lean@4x,2,10,,,ok,3\n"    \
    "cpu_ms,a,lean,1,1,,,ok,3\ncpu_ms,b,lean@4x,1,1,,,ok,3\n"         \
    "cpu_ms,a,heavy@4x,1,100,,,ok,3\ncpu_ms,a,heavy@4x,2,40,,,ok,3\n" \
    "cpu_ms,a,heavy,1,NaN,,,oom,0\ncpu_ms,a,heavy,2,9,,,ok,3\n"       \
    "collections,a,heavy@4x,1,4,,,ok,3\n"                             \
    "collections,a,lean@4x,1,8,,,ok,3\n"

static void equal_nurseries_are_compared_with_the_costliest(void **state)
{
    (void)state;
    folder_put("nursery.csv", NURSERY);
    hm_report_nursery(out, folder);
    assert_string_equal(
        written(), "<li>In nurseries as large as those of heavy, and at the "
                   "same limit, <b>lean</b> took 0.35 (0.25 to 0.50) of its "
                   "processor time, 2.00 (2.00 to 2.00) of its collections; "
                   "geometric means and ranges of 2 pairs.</li>\n");
}

static void one_strategy_or_no_file_says_nothing_of_nurseries(void **state)
{
    (void)state;
    hm_report_nursery(out, folder);
    folder_put("nursery.csv", "metric,workload\ncpu_ms,a\n");
    hm_report_nursery(out, folder);
    folder_put("nursery.csv", "metric,workload,strategy,nursery_mib,value\n"
                              "cpu_ms,a,x@4x,1,50\ncpu_ms,a,x,1,50\n");
    hm_report_nursery(out, folder);
    folder_put("nursery.csv", "metric,workload,strategy,nursery_mib,value\n"
                              "cpu_ms,a,x,1,50\ncpu_ms,a,y,2,50\n");
    hm_report_nursery(out, folder);
    assert_string_equal(written(), "");
}

static const char two_cells[] =
    HEADER CELL("one", "allocator", "baseline", "3", "ok,1e9,1,1,,,,,")
        CELL("two", "allocator", "test", "0", "crash 3/3,,,,,,,,")
            CELL("three", "allocator", "test", "3", "ok,1e9,1,1,,,,,");

static void figures_get_a_table_below_their_workload(void **state)
{
    (void)state;
    folder_put("runs.csv",
               "workload,params,heap_multiple,threads,strategy,class,arm,"
               "block,figures\n"
               "cache,n=1,,1,one,allocator,baseline,0,"
               "lines=64;queue_bytes=1048576\n"
               "cache,n=1,,1,two,allocator,test,0,\n"
               "cache,n=1,,1,three,allocator,test,0,"
               "lines=32;queue_bytes=2097152\n");
    findings(two_cells, FAILURES);
    assert_non_null(strstr(written(), "<th scope=\"col\">lines</th>"
                                      "<th scope=\"col\">queue_bytes</th>"));
    assert_non_null(strstr(written(), "<td>one</td><td>64</td>"
                                      "<td>1.00 MiB</td></tr>"));
    assert_non_null(strstr(written(), "<td>three</td><td>32</td>"));
    assert_null(strstr(written(), "<td>two</td></tr>"));
}

static void a_workload_without_figures_has_no_such_table(void **state)
{
    const char *table;

    (void)state;
    findings(two_cells, FAILURES "cache,n=1,,1,two,allocator,test,crash,x\n");
    table = strstr(written(), "RSS/live</th>");
    assert_non_null(table);
    assert_null(strstr(table, "<table>"));
}

static void instructions_have_a_column_where_they_were_counted(void **state)
{
    (void)state;
    findings(two_cells, FAILURES);
    assert_null(strstr(written(), "Ir/op"));
    findings(
        HEADER CELL("one", "allocator", "baseline", "6", "ok,100,90,110,,,,,")
            CELL("two", "allocator", "test", "0",
                 "crash 6/6,,,,,,,,") "cache,n=1,,1,one,allocator,baseline,"
                                      "instructions_per_op,"
                                      "instructions,lower,1,ok,210.25,210.25,"
                                      "210.25,,,,,\n",
        FAILURES "cache,n=1,,1,two,allocator,test,crash 6/6,x\n");
    assert_non_null(strstr(written(), "<th scope=\"col\">Ir/op</th>"
                                      "<th scope=\"col\">verdict</th></tr>"));
    assert_non_null(strstr(written(), "<td>210</td><td class=\"word\">"));
    assert_non_null(strstr(written(), "colspan=\"11\">crash 6/6"));
}

static void failures_are_counted_and_their_reason_escaped(void **state)
{
    (void)state;
    findings(
        HEADER CELL("glibc", "allocator", "baseline", "3", "ok,1e9,1,1,,,,,")
            CELL("quick", "allocator", "test", "0", "crash 3/3,,,,,,,,"),
        FAILURES "cache,n=1,,1,quick,allocator,test,crash 3/3,<signal 11>\n");
    assert_non_null(strstr(written(), "1 of 2 cells <a"));
    assert_non_null(strstr(written(), "&lt;signal 11&gt;"));
    assert_non_null(strstr(written(), "colspan=\"10\">crash 3/3</td>"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(text_means_itself),
        TEST(only_arguments_of_a_format_are_escaped),
        TEST(other_directives_end_a_format),
        TEST(a_table_may_be_of_the_rows_with_one_value),
        TEST(a_table_is_escaped_and_cut_off_with_a_word),
        TEST(a_missing_table_writes_nothing),
        TEST(charts_get_ids_of_their_own_and_a_title),
        TEST(what_is_no_chart_is_refused),
        TEST(findings_say_how_much_and_how_sure),
        TEST(few_blocks_are_never_called_sure),
        TEST(only_proven_differences_of_other_than_leak_workloads_lead),
        TEST(leak_verdicts_disturbed_and_missing_runs_are_told),
        TEST(expected_leak_verdicts_are_one_sentence),
        TEST(equal_nurseries_are_compared_with_the_costliest),
        TEST(one_strategy_or_no_file_says_nothing_of_nurseries),
        TEST(figures_get_a_table_below_their_workload),
        TEST(a_workload_without_figures_has_no_such_table),
        TEST(instructions_have_a_column_where_they_were_counted),
        TEST(failures_are_counted_and_their_reason_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
