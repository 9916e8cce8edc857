/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/blocks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/mman.h>

enum {
    REACH_BYTES = 64 << 20,
    BLOCK_PAGES = HM_BLOCK_BYTES / HM_PAGE_BYTES,
    AHEAD = 8, /* blocks backed at a time */
};

static struct hm_budget budget;
static struct hm_blocks blocks;

static void open_with(size_t limit_bytes, int is_guarded)
{
    budget = (struct hm_budget){.limit_bytes = limit_bytes};
    assert_int_equal(hm_blocks_open(&blocks, REACH_BYTES, &budget, is_guarded),
                     1);
}

/* Pages of block `b` that are in memory. */
static unsigned pages_backed(uint32_t b)
{
    unsigned char page[BLOCK_PAGES];
    unsigned n = 0;

    assert_int_equal(mincore(hm_block_start(&blocks, b), HM_BLOCK_BYTES, page),
                     0);
    for (unsigned i = 0; i < BLOCK_PAGES; i++)
        n += page[i] & 1;
    return n;
}

/* Whether this kernel knows the request at all. */
static int system_backs(void)
{
    void *page = mmap(NULL, HM_PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int is_known = madvise(page, HM_PAGE_BYTES, MADV_POPULATE_WRITE) == 0;

    assert_int_equal(munmap(page, HM_PAGE_BYTES), 0);
    return is_known;
}

static void the_first_block_brings_its_neighbours_with_it(void **state)
{
    uint32_t b;

    (void)state;
    if (!system_backs()) {
        print_message("skipped: no MADV_POPULATE_WRITE in this kernel\n");
        skip();
    }
    open_with(0, 0);
    b = hm_blocks_take(&blocks, 0);
    for (uint32_t i = 0; i < AHEAD; i++)
        assert_int_equal(pages_backed(b + i), BLOCK_PAGES);
    assert_int_equal(hm_blocks_backed(&blocks), 1); /* charged: what is used */
    hm_blocks_close(&blocks);
}

static void nothing_is_backed_that_the_budget_has_no_room_for(void **state)
{
    uint32_t b;

    (void)state;
    open_with((size_t)3 * HM_BLOCK_BYTES, 0);
    b = hm_blocks_take(&blocks, 0);
    assert_int_equal(b, 0);
    assert_true(blocks.range.usable_bytes >= (size_t)4 * HM_BLOCK_BYTES);
    assert_int_equal(pages_backed(b + 2), 0);
    assert_int_equal(pages_backed(b + 3), 0);
    hm_blocks_close(&blocks);
}

static void a_released_block_is_backed_when_taken_again(void **state)
{
    uint32_t b;

    (void)state;
    if (!system_backs())
        skip();
    open_with(0, 0);
    b = hm_blocks_take(&blocks, 0);
    hm_blocks_give(&blocks, b);
    hm_blocks_release(&blocks);
    assert_int_equal(pages_backed(b), 0);
    assert_int_equal(hm_blocks_take(&blocks, 0), b);
    assert_int_equal(pages_backed(b), BLOCK_PAGES);
    assert_int_equal(*hm_block_start(&blocks, b), 0);
    hm_blocks_close(&blocks);
}

static void a_guarded_block_has_no_memory_while_it_is_free(void **state)
{
    uint32_t b;

    (void)state;
    open_with(0, 1);
    b = hm_blocks_take(&blocks, 0);
    *hm_block_start(&blocks, b) = 1;
    hm_blocks_give(&blocks, b);
    assert_int_equal(pages_backed(b), 0);
    assert_int_equal(hm_blocks_take(&blocks, 0), b);
    assert_int_equal(*hm_block_start(&blocks, b), 0);
    assert_null(hm_blocks_check(&blocks));
    hm_blocks_close(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_block_brings_its_neighbours_with_it),
        cmocka_unit_test(nothing_is_backed_that_the_budget_has_no_room_for),
        cmocka_unit_test(a_released_block_is_backed_when_taken_again),
        cmocka_unit_test(a_guarded_block_has_no_memory_while_it_is_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
