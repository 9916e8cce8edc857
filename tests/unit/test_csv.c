/* SPDX-License-Identifier: MIT */
#include "harness/csv.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void write_file(const char *text, size_t bytes)
{
    int fd;

    strcpy(path, "/tmp/hm_csv_XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, bytes), bytes);
    assert_int_equal(close(fd), 0);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void open_text(struct hm_csv *csv, const char *text)
{
    write_file(text, strlen(text));
    assert_int_equal(hm_csv_open(csv, path), 0);
}

static void plain_records_are_split(void **state)
{
    struct hm_csv csv;

    (void)state;
    open_text(&csv, "a,b,c\n1,,3\r\nx,y,\n");
    assert_int_equal(csv.n, 3);
    assert_int_equal(hm_csv_column(&csv, "c"), 2);
    assert_int_equal(hm_csv_column(&csv, "d"), -1);
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_string_equal(csv.field[0], "1");
    assert_string_equal(csv.field[1], "");
    assert_string_equal(csv.field[2], "3");
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_string_equal(csv.field[2], "");
    assert_int_equal(hm_csv_next(&csv), 0);
    assert_int_equal(csv.torn, 0);
    assert_string_equal(csv.name[1], "b");
    hm_csv_close(&csv);
}

static void quoted_fields_keep_commas_quotes_and_line_ends(void **state)
{
    struct hm_csv csv;

    (void)state;
    open_text(&csv, "\"a,1\",b\n\"x \"\"y\"\"\",\"two\nlines\"\n\"\",z\n");
    assert_string_equal(csv.name[0], "a,1");
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_string_equal(csv.field[0], "x \"y\"");
    assert_string_equal(csv.field[1], "two\nlines");
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_string_equal(csv.field[0], "");
    assert_int_equal(hm_csv_next(&csv), 0);
    hm_csv_close(&csv);
}

static void a_record_of_another_length_is_an_error_with_its_line(void **state)
{
    struct hm_csv csv;

    (void)state;
    open_text(&csv, "a,b\n\"1\n\",2\n3\n");
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_int_equal(hm_csv_next(&csv), -EILSEQ);
    assert_non_null(strstr(csv.error, ":4: 1 fields, but the header has 2"));
    hm_csv_close(&csv);
}

static void text_behind_a_quote_is_an_error(void **state)
{
    struct hm_csv csv;

    (void)state;
    open_text(&csv, "a,b\n\"1\"x,2\n");
    assert_int_equal(hm_csv_next(&csv), -EILSEQ);
    assert_non_null(strstr(csv.error, ":2: text after a closing quote"));
    hm_csv_close(&csv);
}

static void a_cut_off_record_is_left_out_and_told(void **state)
{
    struct hm_csv csv;

    (void)state;
    open_text(&csv, "a,b\n1,2\n3,4");
    assert_int_equal(hm_csv_next(&csv), 1);
    assert_int_equal(hm_csv_next(&csv), 0);
    assert_int_equal(csv.torn, 1);
    hm_csv_close(&csv);
}

static void an_empty_file_and_a_missing_one_are_refused(void **state)
{
    struct hm_csv csv;

    (void)state;
    write_file("", 0);
    assert_int_equal(hm_csv_open(&csv, path), -EILSEQ);
    assert_non_null(strstr(csv.error, "no header"));
    assert_int_equal(hm_csv_open(&csv, "/nonexistent/x.csv"), -ENOENT);
    assert_non_null(strstr(csv.error, "/nonexistent/x.csv"));
}

/* Records across every border of the buffer, one longer than all of it. */
static void records_across_buffers_survive(void **state)
{
    enum { LONG = 3 << 20, ROWS = 90000 };

    char *text = malloc(LONG + 40 * ROWS);
    size_t at = 0;
    struct hm_csv csv;

    (void)state;
    assert_non_null(text);
    at += (size_t)sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) {
        at += (size_t)sprintf(text + at, "%d,\"row %d\"\n", i, i);
        if (i == ROWS / 2) {
            memset(text + at, 'x', LONG);
            at += LONG;
            at += (size_t)sprintf(text + at, ",long\n");
        }
    }
    write_file(text, at);
    free(text);
    assert_int_equal(hm_csv_open(&csv, path), 0);
    for (int i = 0; i < ROWS; i++) {
        char expected[32];

        (void)sprintf(expected, "row %d", i);
        assert_int_equal(hm_csv_next(&csv), 1);
        assert_string_equal(csv.field[1], expected);
        if (i == ROWS / 2) {
            assert_int_equal(hm_csv_next(&csv), 1);
            assert_int_equal(strlen(csv.field[0]), LONG);
        }
    }
    assert_int_equal(hm_csv_next(&csv), 0);
    hm_csv_close(&csv);
}

static void missing_columns_are_named(void **state)
{
    static const char *const names[] = {"b", "nope"};
    struct hm_csv csv;
    int index[2];

    (void)state;
    open_text(&csv, "a,b\n");
    assert_int_equal(hm_csv_columns(&csv, names, 1, index), 0);
    assert_int_equal(index[0], 1);
    assert_int_equal(hm_csv_columns(&csv, names, 2, index), -ENOENT);
    assert_non_null(strstr(csv.error, "no column nope"));
    hm_csv_close(&csv);
}

static void numbers_are_read_or_refused(void **state)
{
    double value;

    (void)state;
    assert_int_equal(hm_csv_number("", &value), 0);
    assert_true(isnan(value));
    assert_int_equal(hm_csv_number("0", &value), 0);
    assert_true(value == 0);
    assert_int_equal(hm_csv_number("123456789012345678", &value), 0);
    assert_true(value == 123456789012345678.0);
    assert_int_equal(hm_csv_number("-1.5e3", &value), 0);
    assert_true(value == -1500);
    assert_int_equal(hm_csv_number("12x", &value), -EINVAL);
    assert_int_equal(hm_csv_number("x", &value), -EINVAL);
    assert_int_equal(hm_csv_number("inf", &value), -EINVAL);
}

static void written_fields_read_back_the_same(void **state)
{
    static const char *const texts[] = {"plain",      "",           "a,b",
                                        "say \"no\"", "two\nlines", "\r"};

    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct hm_csv csv;
    FILE *file;

    (void)state;
    write_file("", 0);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("a,b\n", file);
    for (int i = 0; i < TEXTS; i++) {
        hm_csv_put(file, texts[i]);
        (void)fputs(",end\n", file);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(hm_csv_open(&csv, path), 0);
    for (int i = 0; i < TEXTS; i++) {
        assert_int_equal(hm_csv_next(&csv), 1);
        assert_string_equal(csv.field[0], texts[i]);
    }
    assert_int_equal(hm_csv_next(&csv), 0);
    hm_csv_close(&csv);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_file)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(plain_records_are_split),
        TEST(quoted_fields_keep_commas_quotes_and_line_ends),
        TEST(a_record_of_another_length_is_an_error_with_its_line),
        TEST(text_behind_a_quote_is_an_error),
        TEST(a_cut_off_record_is_left_out_and_told),
        TEST(an_empty_file_and_a_missing_one_are_refused),
        TEST(records_across_buffers_survive),
        TEST(missing_columns_are_named),
        cmocka_unit_test(numbers_are_read_or_refused),
        TEST(written_fields_read_back_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
