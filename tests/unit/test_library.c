/* SPDX-License-Identifier: MIT */
/* test_library.c -- the build id of ELF files made by hand, whole and broken.
 */
#include "harness/campaign/library.h"

#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEGMENTS = 2 };

/* The least that has a build id: two segments, the second with two notes. */
struct image {
    ElfW(Ehdr) head;
    ElfW(Phdr) segment[SEGMENTS];

    struct {
        ElfW(Nhdr) head;
        char owner[8]; /* "Other", padded */
        char content[4];
    } other;

    struct {
        ElfW(Nhdr) head;
        char owner[4];
        unsigned char id[20];
    } build;
};

static struct image image;
static char path[] = "/tmp/hm_library_XXXXXX";

static int make(void **state)
{
    (void)state;
    image = (struct image){
        .head = {.e_phoff = offsetof(struct image, segment),
                 .e_phentsize = sizeof(ElfW(Phdr)),
                 .e_phnum = SEGMENTS},
        .segment = {{.p_type = PT_LOAD},
                    {.p_type = PT_NOTE,
                     .p_offset = offsetof(struct image, other),
                     .p_filesz =
                         sizeof(struct image) - offsetof(struct image, other)}},
        .other = {{6, 3, NT_GNU_BUILD_ID}, "Other", "abc"},
        .build = {{4, 20, NT_GNU_BUILD_ID}, "GNU", {0}},
    };
    memcpy(image.head.e_ident, ELFMAG, SELFMAG);
    for (unsigned i = 0; i < sizeof image.build.id; i++)
        image.build.id[i] = (unsigned char)(0xf0 + 7 * i);
    strcpy(path + sizeof path - 7, "XXXXXX");
    return close(mkstemp(path));
}

static int destroy(void **state)
{
    (void)state;
    return unlink(path);
}

/* What is read of the first `bytes` of the image. */
static int read_id(size_t bytes, char id[HM_LIBRARY_ID_BYTES])
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(&image, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    strcpy(id, "left over");
    return hm_library_build_id(path, id);
}

static void expect(int error, const char *text)
{
    char id[HM_LIBRARY_ID_BYTES];

    assert_int_equal(read_id(sizeof image, id), error);
    assert_string_equal(id, text);
}

static const char whole[] = "f0f7fe050c131a21282f363d444b525960676e75";

static void the_id_is_found_behind_other_notes(void **state)
{
    (void)state;
    expect(0, whole);
}

static void ids_of_any_length_up_to_64_bytes_are_given(void **state)
{
    (void)state;
    image.build.head.n_descsz = 8;
    expect(0, "f0f7fe050c131a21");
    image.build.head.n_descsz = 65;
    image.segment[1].p_filesz += 48;
    expect(-ENOEXEC, ""); /* not all there */
}

static void no_id_is_not_an_empty_one(void **state)
{
    (void)state;
    image.build.head.n_type = NT_GNU_ABI_TAG;
    expect(-ENOENT, "");
    image.build.head.n_type = NT_GNU_BUILD_ID;
    image.build.owner[0] = 'g';
    expect(-ENOENT, "");
    image.build.owner[0] = 'G';
    image.segment[1].p_type = PT_LOAD;
    expect(-ENOENT, "");
    image.head.e_phnum = 0;
    expect(-ENOENT, "");
}

static void sizes_that_lead_out_of_the_file_are_refused(void **state)
{
    (void)state;
    image.build.head.n_descsz = UINT32_MAX;
    expect(-ENOEXEC, "");
    image.other.head.n_namesz = UINT32_MAX - 2;
    expect(-ENOEXEC, "");
    image.segment[1].p_offset = SIZE_MAX - 8;
    expect(-ENOENT, ""); /* its end wraps around: nothing in it */
    image.head.e_phoff = SIZE_MAX - 8;
    expect(-ENOEXEC, "");
    image.head.e_phentsize = 1;
    expect(-ENOEXEC, "");
}

static void a_file_that_is_cut_off_anywhere_gives_no_id(void **state)
{
    const size_t whole_bytes =
        offsetof(struct image, build) + sizeof image.build;
    char id[HM_LIBRARY_ID_BYTES];

    (void)state;
    assert_int_equal(read_id(whole_bytes, id), 0);
    for (size_t bytes = 0; bytes < whole_bytes; bytes++) {
        assert_int_not_equal(read_id(bytes, id), 0);
        assert_string_equal(id, "");
    }
}

static void what_is_no_elf_file_is_told_from_what_is_missing(void **state)
{
    char id[HM_LIBRARY_ID_BYTES];

    (void)state;
    image.head.e_ident[1] = 'e';
    expect(-ENOEXEC, "");
    assert_int_equal(hm_library_build_id("/nowhere/at/all", id), -ENOENT);
    assert_string_equal(id, "");
    assert_int_equal(hm_library_build_id("/tmp", id), -ENOEXEC);
    assert_string_equal(id, "");
}

/* The linker's own word: this program was linked with an id by the tests'
 * CMakeLists.txt. */
static void the_id_of_a_real_file_has_40_digits(void **state)
{
    char id[HM_LIBRARY_ID_BYTES];

    (void)state;
    assert_int_equal(hm_library_build_id("/proc/self/exe", id), 0);
    assert_int_equal(strspn(id, "0123456789abcdef"), 40);
    assert_int_equal(strlen(id), 40);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_id_is_found_behind_other_notes),
        TEST(ids_of_any_length_up_to_64_bytes_are_given),
        TEST(no_id_is_not_an_empty_one),
        TEST(sizes_that_lead_out_of_the_file_are_refused),
        TEST(a_file_that_is_cut_off_anywhere_gives_no_id),
        TEST(what_is_no_elf_file_is_told_from_what_is_missing),
        TEST(the_id_of_a_real_file_has_40_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
