/* SPDX-License-Identifier: MIT */
/* What becomes of the side files: curves over all runs, and histories of one.
 */
#include "tests/unit/summary_fixture.h"

#include <errno.h>

static void histograms_of_all_blocks_become_one_curve(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 2);
    /* run 2 and 5 are `fast`: 1000 samples of 100 ns, 1000 of 400 to 403. */
    folder_put("hist.csv", "run_id,low_ns,high_ns,count\n"
                           "2,100,100,1000\n5,400,401,1000\n1,7,7,99\n");
    assert_int_equal(summarise(), 0);
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache,fast,0.3,100\n"));
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache,fast,0.35,401\n"));
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache,fast,3.30103,401\n"));
    assert_non_null(
        strstr(folder_text("latency.csv"), "\ncache,fast,NaN,NaN\n"));
    /* 10 samples beyond: nothing between 2.3 nines and the maximum. */
    assert_null(strstr(folder_text("latency.csv"), "cache,fast,2.35,"));
    assert_null(strstr(folder_text("latency.csv"), ",7\n"));
}

static void pauses_become_a_survival_curve(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 1);
    folder_put("pauses.csv", "run_id,start_ns,duration_ns,kind\n"
                             "2,5,100,full\n2,9,64,full\n2,10,64,sweep\n"
                             "2,11,120,full\n");
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("survival.csv"),
                        "workload,strategy,pause_ns,share\n"
                        "cache,fast,64,1\ncache,fast,64,0.5\n"
                        "cache,fast,100,0.5\ncache,fast,100,0.25\n"
                        "cache,fast,120,0.25\ncache,fast,NaN,NaN\n");
}

static void the_timeline_is_one_run_without_its_setup(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 2);
    folder_put("samples.csv", "run_id,t_ns,phase,rss_bytes,live_bytes\n"
                              "2,500000000,0,1,1\n"
                              "2,1000000000,1,1048576,524288\n"
                              "2,2500000000,1,2097152,\n"
                              "5,1000000000,1,99,99\n");
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("timeline.csv"),
                        "workload,strategy,t_s,rss_mib,live_mib\n"
                        "cache,fast,0,1,0.5\ncache,fast,1.5,2,NaN\n"
                        "cache,fast,NaN,NaN,NaN\n");
}

/* The window is of 0.5 s: stretches of 2.08 ms. */
static void pauses_of_a_stretch_are_counted_and_the_longest_kept(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(&three_arms[2], 1, 2);
    folder_put("pauses.csv", "run_id,start_ns,duration_ns,kind\n"
                             "0,250000000,1000000,minor\n"
                             "0,251000000,4000000,minor\n"
                             "0,252000000,2000000,minor\n"
                             "0,251000000,3000000,full\n"
                             "0,400000000,500000,a word of its own\n"
                             "1,1000000,99000000,full\n");
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("pause_history.csv"),
                        "workload,strategy,kind,t_s,pause_ms,pauses,total_ms\n"
                        "cache,fast,full,0.251,3,1,3\n"
                        "cache,fast,minor,0.251,4,3,7\n"
                        "cache,fast,other,0.4,0.5,1,0.5\n"
                        "cache,fast,unlisted,0.5,NaN,0,0\n");
}

static void the_run_of_median_time_is_drawn(void **state)
{
    static const double wall_ns[] = {9e9, 1e9, 3e9};

    (void)state;
    begin_runs();
    for (int block = 0; block < 3; block++)
        put_run(&three_arms[2], block, "ok", wall_ns[block]);
    folder_put("pauses.csv", "run_id,start_ns,duration_ns,kind\n"
                             "0,0,1000000,full\n"
                             "1,0,2000000,full\n"
                             "2,0,4000000,full\n");
    folder_put("samples.csv", "run_id,t_ns,phase,rss_bytes,live_bytes\n"
                              "0,0,run,1048576,\n"
                              "1,0,run,2097152,\n"
                              "2,0,run,4194304,\n");
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("pause_history.csv"),
                        "workload,strategy,kind,t_s,pause_ms,pauses,total_ms\n"
                        "cache,fast,full,0,4,1,4\n"
                        "cache,fast,unlisted,3,NaN,0,0\n");
    assert_non_null(strstr(folder_text("timeline.csv"), "\ncache,fast,0,4,"));
}

static void pauses_outside_of_the_window_are_drawn_at_its_edges(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(&three_arms[0], 1, 1);
    folder_put("pauses.csv", "run_id,start_ns,duration_ns,kind\n"
                             "0,-5,1000000,full\n"
                             "0,1000000000,2000000,full\n"
                             "0,7000000000,3000000,full\n");
    assert_int_equal(summarise(), 0);
    assert_string_equal(folder_text("pause_history.csv"),
                        "workload,strategy,kind,t_s,pause_ms,pauses,total_ms\n"
                        "cache,glibc,full,0,1,1,1\n"
                        "cache,glibc,full,1,3,2,5\n"
                        "cache,glibc,unlisted,1,NaN,0,0\n");
}

static void slices_too_short_to_be_listed_are_in_the_sum(void **state)
{
    (void)state;
    begin_runs();
    (void)fputs("0,0,0,cache,n=1,,1,gc,collector,test,ok,,1000000000,1000000000"
                ",3000000,,,,,,5000000,7500000,1000000\n",
                runs);
    folder_put("pauses.csv", "run_id,start_ns,duration_ns,kind\n"
                             "0,0,5000000,increment\n");
    assert_int_equal(summarise(), 0);
    assert_non_null(strstr(folder_text("pause_history.csv"),
                           "\ncache,gc,unlisted,1,NaN,0,2.5\n"));
}

static void a_campaign_without_pauses_has_no_history_of_them(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 1);
    assert_int_equal(summarise(), 0);
    assert_string_equal(
        folder_text("pause_history.csv"),
        "workload,strategy,kind,t_s,pause_ms,pauses,total_ms\n");
}

static void side_files_of_unknown_runs_are_refused(void **state)
{
    (void)state;
    begin_runs();
    put_blocks(three_arms, 3, 1);
    folder_put("hist.csv", "run_id,low_ns,high_ns,count\n77,1,1,1\n");
    assert_int_equal(summarise(), -EINVAL);
}

#define TEST(name) \
    cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(histograms_of_all_blocks_become_one_curve),
        TEST(pauses_become_a_survival_curve),
        TEST(the_timeline_is_one_run_without_its_setup),
        TEST(pauses_of_a_stretch_are_counted_and_the_longest_kept),
        TEST(the_run_of_median_time_is_drawn),
        TEST(pauses_outside_of_the_window_are_drawn_at_its_edges),
        TEST(slices_too_short_to_be_listed_are_in_the_sum),
        TEST(a_campaign_without_pauses_has_no_history_of_them),
        TEST(side_files_of_unknown_runs_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
