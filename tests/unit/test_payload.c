/* SPDX-License-Identifier: MIT */
#include "collectors/collector.h"
#include "workloads/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void refuse(size_t bytes)
{
    (void)bytes;
    abort();
}

static struct hm_mutator *mutator(void)
{
    const struct hm_gc_config config = {.exhausted = refuse};
    const char *why;

    return hm_gc_attach(hm_gc_open(&config, &why));
}

static void test_every_double_is_written(void **state)
{
    static const size_t bytes[] = {1, 8, 9, 16, 17, 256, 2721};
    struct hm_mutator *m = mutator();

    (void)state;
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        size_t n = (bytes[i] + 7) / 8;
        hm_ref payload = hm_payload_new(m, bytes[i], 7);
        const double *value = hm_raw(payload, 0);

        assert_true(value[0] == 7.5);
        assert_true(value[n - 1] == 7.5);
        for (size_t k = 1; k + 1 < n; k++)
            assert_true(value[k] == 0.5);
        hm_dispose(m, payload);
    }
}

static void test_the_tag_is_read_back(void **state)
{
    static const uint32_t tags[] = {0, 1, 0xFFFF, 0x7FFFFF};
    struct hm_mutator *m = mutator();

    (void)state;
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        hm_ref payload = hm_payload_new(m, 64, tags[i]);

        assert_int_equal(hm_payload_tag(payload), tags[i]);
        hm_dispose(m, payload);
    }
}

/* A strategy that hands out a live block twice must be seen. */
static void test_the_tag_comes_from_memory(void **state)
{
    struct hm_mutator *m = mutator();
    hm_ref payload = hm_payload_new(m, 64, 5);

    (void)state;
    *(double *)hm_raw(payload, 0) = 6.5;
    assert_int_equal(hm_payload_tag(payload), 6);
    hm_dispose(m, payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_double_is_written),
        cmocka_unit_test(test_the_tag_is_read_back),
        cmocka_unit_test(test_the_tag_comes_from_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
