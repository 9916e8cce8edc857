/* SPDX-License-Identifier: MIT */
/* test_tour.c -- what the tour says of rows made by hand. */
#include "harness/analysis/tour.h"
#include "harness/analysis/tour_chapters.h"

#include "tests/unit/campaign_folder.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct hm_pool pool;
static struct hm_tour_rows rows;
static struct hm_tour tour;
static char *text;
static size_t text_bytes;

static int make(void **state)
{
    tour = (struct hm_tour){.pool = &pool, .paragraph = "", .rows = &rows};
    tour.out = open_memstream(&text, &text_bytes);
    return tour.out == NULL || folder_make(state);
}

static int destroy(void **state)
{
    (void)fclose(tour.out);
    free(text);
    hm_pool_fini(&pool);
    return folder_remove(state);
}

/* What was printed so far. */
static const char *printed(void)
{
    assert_int_equal(fflush(tour.out), 0);
    return text;
}

/* The same with its lines joined, for a sentence may go over their ends. */
static const char *joined(void)
{
    char *copy = hm_pool_copy(&pool, printed());

    for (char *end = copy; (end = strchr(end, '\n')) != NULL;) {
        size_t margin = strspn(end, "\n ");

        *end++ = ' ';
        memmove(end, end + margin - 1, strlen(end + margin - 1) + 1);
    }
    return copy;
}

static void expect(const char *part)
{
    if (strstr(joined(), part) == NULL)
        fail_msg("no '%s' in: %s", part, text);
}

static void expect_not(const char *part)
{
    if (strstr(joined(), part) != NULL)
        fail_msg("'%s' in: %s", part, text);
}

static void load(const char *runs)
{
    const char *why = "";

    folder_put("runs.csv", runs);
    assert_int_equal(hm_tour_rows_read(&pool, &rows, folder, &why), 0);
}

#define PARAM_COLUMNS "workload,strategy,params,arm,status,reason,wall_ns\n"

static void a_median_is_over_the_runs_that_were_ok(void **state)
{
    const struct hm_tour_cell any = {"w", "s", NULL};
    const struct hm_tour_cell three = {"w", "s", "v=3"};
    const struct hm_tour_cell other = {"w", "t", NULL};

    (void)state;
    load(PARAM_COLUMNS "w,s,v=3;k=1,test,ok,,10\nw,s,v=3;k=1,test,ok,,30\n"
                       "w,s,v=3;k=1,test,ok,,20\nw,s,k=1;v=31,test,ok,,70\n"
                       "w,s,v=3;k=1,twin,ok,,99\n"
                       "w,s,v=3;k=1,test,crash,signal 11,\n");
    assert_int_equal(rows.n, 5);
    assert_true(hm_tour_median(&rows, &three, "wall_ns") == 20);
    assert_true(hm_tour_median(&rows, &any, "wall_ns") == 25);
    assert_true(isnan(hm_tour_median(&rows, &other, "wall_ns")));
    assert_true(isnan(hm_tour_median(&rows, &three, "no_such_column")));
    assert_string_equal(
        hm_tour_field(&rows, hm_tour_failed(&rows, &three), "reason"),
        "signal 11");
    assert_int_equal(hm_tour_failed(&rows, &other), rows.n);
}

static void a_table_that_is_not_there_is_named(void **state)
{
    const char *why = "";

    (void)state;
    assert_int_equal(hm_tour_rows_read(&pool, &rows, folder, &why), -ENOENT);
    assert_non_null(strstr(why, folder));
}

static void a_sentence_without_its_number_is_not_said(void **state)
{
    (void)state;
    hm_tour_say(&tour, 1, "One.");
    hm_tour_say(&tour, NAN, "Two.");
    hm_tour_say(&tour, 3, "Three is %d.", 3);
    hm_tour_end_paragraph(&tour);
    hm_tour_end_paragraph(&tour);
    assert_string_equal(printed(), "  One. Three is 3.\n\n");
}

static void paragraphs_keep_within_their_columns(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++)
        hm_tour_say(&tour, 0, "word%d", i * i * i);
    hm_tour_say(&tour, 0, "%0100d", 7); /* longer than a line */
    hm_tour_end_paragraph(&tour);
    for (const char *line = printed(); *line != '\0';) {
        size_t bytes = strcspn(line, "\n");

        assert_true(bytes <= HM_TOUR_COLUMNS || bytes == 102);
        assert_true(bytes == 0 || line[bytes - 1] != ' ');
        line += bytes + 1;
    }
    expect("  word0 word1 word8 ");
    expect(" word205379 ");
}

static void bars_are_in_proportion_and_say_what_is_missing(void **state)
{
    static const struct hm_tour_cell ok = {"w", "s", NULL};
    static const struct hm_tour_cell full = {"w", "t", NULL};
    static const struct hm_tour_cell off = {"w", "n", NULL};
    struct hm_tour_bars bars = {.title = "Time", .unit = "ns"};

    (void)state;
    load(PARAM_COLUMNS "w,s,,test,ok,,10\nw,t,,test,oom,killed,\n"
                       "w,n,,test,unsupported,n is off: install it,\n");
    hm_tour_bar(&tour, &bars, "all", &ok, 37);
    hm_tour_bar(&tour, &bars, "some", &ok, 1);
    hm_tour_bar(&tour, &bars, "little", &ok, 0.1);
    hm_tour_bar(&tour, &bars, "full", &full, NAN);
    hm_tour_bar(&tour, &bars, "off", &off, NAN);
    hm_tour_print_bars(&tour, &bars);
    assert_string_equal(printed(),
                        "  Time\n"
                        "  all                            37.0 ns "
                        "#####################################\n"
                        "  some                           1.00 ns #\n"
                        "  little                         0.10 ns .\n"
                        "  full                                 - oom\n\n");
}

static void lists_are_english(void **state)
{
    struct hm_words words = {NULL, 0};

    (void)state;
    assert_string_equal(hm_tour_list(&tour, &words), "");
    hm_words_split(&pool, &words, "a");
    assert_string_equal(hm_tour_list(&tour, &words), "a");
    hm_words_split(&pool, &words, "b c");
    assert_string_equal(hm_tour_list(&tour, &words), "a, b and c");
}

#define CYCLES_COLUMNS                                            \
    "workload,strategy,params,arm,status,reason,rss_base_bytes,"  \
    "rss_end_bytes,rss_peak_bytes,rss_drained_bytes,alloc_bytes," \
    "live_peak_bytes,collections\n"
#define CYCLES_GLIBC                                                           \
    "cycles,glibc,,baseline,ok,,1048576,2097152,2097152,2097152,90000000,8e5," \
    "\n"
#define CYCLES_OFF \
    "cycles,node,,test,unsupported,node is off: install nodejs,,,,,,,\n"

static void what_was_kept_decides_the_sentence(void **state)
{
    (void)state;
    load(CYCLES_COLUMNS CYCLES_GLIBC
         "cycles,refcount,,test,ok,,1000000,99000000,99000000,1000000,9e7,8e5,"
         "7\n");
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    expect(
        "Reference counting kept all of it, and 7.63 MiB of its own besides:");
    expect_not("V8 collected");
}

static void what_was_not_kept_too(void **state)
{
    (void)state;
    load(CYCLES_COLUMNS CYCLES_GLIBC
         "cycles,refcount,,test,ok,,1000000,2000000,2000000,1000000,9e7,8e5,"
         "7\n");
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    expect("Reference counting let go of most of it");
    expect_not("kept all of it");
}

static void most_is_not_all(void **state)
{
    (void)state;
    load(CYCLES_COLUMNS CYCLES_GLIBC
         "cycles,refcount,,test,ok,,1000000,55000000,55000000,1000000,9e7,8e5,"
         "7\n");
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    expect("Reference counting kept 60 % of it.");
    expect_not("kept all of it");
}

static void what_came_back_decides_what_is_said_of_v8(void **state)
{
    (void)state;
    load(CYCLES_COLUMNS CYCLES_GLIBC "cycles,node,,test,ok,,40000000,90000000,"
                                     "90000000,41000000,9e7,8e5,7\n");
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    expect("V8 collected 7 times and grew by 47.7 MiB.");
    expect("went back to the system.");
    expect_not("late or never");
}

static void a_strategy_that_is_off_is_told_once_for_all_chapters(void **state)
{
    (void)state;
    load(CYCLES_COLUMNS CYCLES_GLIBC CYCLES_OFF);
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    hm_tour_close(&tour, &hm_tour_garbage, &rows);
    expect("Not measured: node is off: install nodejs.");
    expect_not("V8 ");
    assert_null(strstr(strstr(text, "Not measured") + 1, "Not measured"));
}

static void every_chapter_bears_having_no_rows(void **state)
{
    (void)state;
    for (size_t i = 0; hm_tour_chapters[i] != NULL; i++) {
        load(CYCLES_COLUMNS "none,none,,test,crash,signal 6,,,,,,,\n");
        hm_tour_open(&tour, hm_tour_chapters[i], i + 1, 6);
        hm_tour_close(&tour, hm_tour_chapters[i], &rows);
    }
    expect("Not measured: none under none (crash: signal 6).");
    expect_not("nan");
    expect_not("(null)");
}

#define LEAK_COLUMNS                                             \
    "workload,strategy,params,arm,status,reason,rss_base_bytes," \
    "rss_end_bytes,leak_verdict,leak_expected\n"

static void leaks_are_put_into_groups_by_their_verdicts(void **state)
{
    (void)state;
    load(LEAK_COLUMNS
         "leak_cache,glibc,,baseline,ok,,0,96468992,logical,logical\n"
         "leak_cache,node,,test,ok,,0,96468992,logical,logical\n"
         "leak_lost,glibc,,baseline,ok,,0,83886080,lost,lost\n"
         "leak_lost,node,,test,ok,,0,0,none,none\n"
         "leak_chain,glibc,,baseline,ok,,0,0,none,lost\n"
         "leak_chain,node,,test,ok,,0,0,none,none\n");
    hm_tour_close(&tour, &hm_tour_leaks, &rows);
    expect("leak_...                                  malloc     V8 none ");
    expect("cache      a Map that is never emptied       +92    +92 listener");
    expect("lost       the last pointer overwritten      +80   flat ");
    expect("timer      timers that are never cleared       -      - thread");
    expect("No strategy cures cache:");
    expect("Leaks only under malloc and free: lost.");
    expect("In 5 of 6 runs");
    expect_not("chain.");
}

static void who_was_not_measured_cures_nothing(void **state)
{
    (void)state;
    load(LEAK_COLUMNS
         "leak_none,refcount,,test,ok,,0,0,none,none\n"
         "leak_cache,glibc,,baseline,ok,,0,96468992,logical,logical\n"
         "leak_cache,node,,test,crash,signal 6,0,0,none,logical\n"
         "leak_chain,glibc,,baseline,ok,,0,96468992,lost,lost\n"
         "leak_lost,glibc,,baseline,ok,,0,83886080,lost,lost\n"
         "leak_lost,refcount,,test,crash,signal 11,,,,\n"
         "leak_lost,node,,test,ok,,0,0,none,none\n");
    hm_tour_close(&tour, &hm_tour_leaks, &rows);
    expect_not("No strategy cures");
    expect("Leaks only under malloc and free: lost (unclear under reference "
           "counting).");
}

static void fragmentation_is_neither_a_leak_nor_its_cure(void **state)
{
    (void)state;
    load(LEAK_COLUMNS
         "leak_view,glibc,,baseline,ok,,0,96468992,fragmentation,none\n"
         "leak_view,node,,test,ok,,0,0,none,none\n"
         "leak_cache,glibc,,baseline,ok,,0,96468992,logical,logical\n"
         "leak_cache,node,,test,ok,,0,96468992,fragmentation,logical\n");
    hm_tour_close(&tour, &hm_tour_leaks, &rows);
    expect("Buffer   holes   flat ");
    expect_not("No strategy cures");
    expect_not("Leaks only under");
}

#define COST_COLUMNS                                             \
    "workload,strategy,params,arm,status,reason,rss_base_bytes," \
    "rss_peak_bytes,live_peak_bytes,minflt,lat_p50_ns,lat_p90_ns\n"

static void causes_are_told_where_there_is_something_to_explain(void **state)
{
    (void)state;
    load(COST_COLUMNS "cache,glibc,,baseline,ok,,0,1000000,1000000,,,\n"
                      "cache,node,,test,ok,,0,2000000,1000000,,,\n");
    hm_tour_close(&tour, &hm_tour_cost, &rows);
    expect("glibc's process grew by 1.00 bytes.");
    expect("V8's grew by 2.00 bytes: objects have headers");
    expect_not("blocks have headers");
}

/* A fault may bring a page of 4 KiB or one of 2 MiB. */
static void faults_are_not_made_into_bytes(void **state)
{
    (void)state;
    load(COST_COLUMNS
         "large_objects,glibc,,baseline,ok,,0,9e6,8e6,1024,1000,9000\n");
    hm_tour_close(&tour, &hm_tour_cost, &rows);
    expect("under glibc there were 1024. Half");
    expect_not("4.00 MiB");
}

#define V8_COLUMNS                                            \
    "workload,strategy,params,arm,status,reason,lat_p999_ns," \
    "metered_p999_ns,wall_ns\n"

/* Without the loop either takes 1000 ns. */
static void expect_of_the_loop(const char *closed_ns, const char *metered_ns,
                               const char *sentence)
{
    load(hm_pool_format(&pool,
                        V8_COLUMNS "requests,node,,test,ok,,1000,1000,9\n"
                                   "requests,node_loop,,test,ok,,%s,%s,9\n",
                        closed_ns, metered_ns));
    hm_tour_close(&tour, &hm_tour_v8, &rows);
    expect(sentence);
}

static void turns_of_the_loop_help_where_they_were_seen_to(void **state)
{
    (void)state;
    expect_of_the_loop("1100", "", "that is no clear difference.");
    expect_not("V8 collects in the turns");
    expect_of_the_loop("2000", "", "here the turns did not help");
    expect_not("V8 collects in the turns");
    expect_of_the_loop("200", "", "takes 0.20 times what it takes without");
    expect("V8 collects in the turns");
    expect_not("(metered)");
}

/* What a closed loop leaves out is told beside it. */
static void turns_are_judged_as_if_requests_came_on_their_own(void **state)
{
    (void)state;
    expect_of_the_loop("200", "950", "(metered), it takes 0.95 times");
    expect("The same, had they come on their own");
    expect("the turns hardly help them.");
    expect_not("the turns help them, too.");
    expect_of_the_loop("200", "1500", "the turns cost them more.");
    expect_not("the turns help them, too.");
    expect_of_the_loop("200", "300", "the turns help them, too.");
}

#define STACK_COLUMNS \
    "workload,strategy,params,arm,status,reason,wall_ns,ops,collections\n"
#define STACK_ESCAPES "stack_heap,node,variant=3,test,ok,,900,10,100\n"

static void objects_are_said_to_vanish_where_collections_do(void **state)
{
    (void)state;
    load(STACK_COLUMNS STACK_ESCAPES
         "stack_heap,node,variant=1,test,ok,,300,10,90\n");
    hm_tour_close(&tour, &hm_tour_stack, &rows);
    expect("takes 3.00 times as long");
    expect("the optimiser still makes");
    expect_not("is not made at all");
    load(STACK_COLUMNS STACK_ESCAPES
         "stack_heap,node,variant=1,test,ok,,300,10,2\n");
    hm_tour_close(&tour, &hm_tour_stack, &rows);
    expect("is not made at all");
}

static void without_collections_nothing_is_told_of_objects(void **state)
{
    (void)state;
    load(STACK_COLUMNS "stack_heap,node,variant=3,test,ok,,900,10,0\n"
                       "stack_heap,node,variant=1,test,ok,,300,10,0\n");
    hm_tour_close(&tour, &hm_tour_stack, &rows);
    expect("nothing was collected, so nothing can be told");
    expect_not("the optimiser still makes");
}

static void what_the_compiler_may_do_is_not_said_as_found(void **state)
{
    (void)state;
    load(STACK_COLUMNS "stack_heap,glibc,variant=0,baseline,ok,,5,10,0\n");
    hm_tour_close(&tour, &hm_tour_stack, &rows);
    expect("may join several calls: here one takes 0.50 ns.");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)
    const struct CMUnitTest tests[] = {
        TEST(a_median_is_over_the_runs_that_were_ok),
        TEST(a_table_that_is_not_there_is_named),
        TEST(a_sentence_without_its_number_is_not_said),
        TEST(paragraphs_keep_within_their_columns),
        TEST(bars_are_in_proportion_and_say_what_is_missing),
        TEST(lists_are_english),
        TEST(what_was_kept_decides_the_sentence),
        TEST(what_was_not_kept_too),
        TEST(most_is_not_all),
        TEST(what_came_back_decides_what_is_said_of_v8),
        TEST(a_strategy_that_is_off_is_told_once_for_all_chapters),
        TEST(every_chapter_bears_having_no_rows),
        TEST(leaks_are_put_into_groups_by_their_verdicts),
        TEST(who_was_not_measured_cures_nothing),
        TEST(fragmentation_is_neither_a_leak_nor_its_cure),
        TEST(causes_are_told_where_there_is_something_to_explain),
        TEST(faults_are_not_made_into_bytes),
        TEST(turns_of_the_loop_help_where_they_were_seen_to),
        TEST(turns_are_judged_as_if_requests_came_on_their_own),
        TEST(objects_are_said_to_vanish_where_collections_do),
        TEST(without_collections_nothing_is_told_of_objects),
        TEST(what_the_compiler_may_do_is_not_said_as_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
