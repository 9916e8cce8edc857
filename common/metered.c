/* SPDX-License-Identifier: MIT */
#include "common/metered.h"

void hm_metered_init(struct hm_metered *metered)
{
    hm_hist_init(&metered->latency);
    metered->n = metered->judged = metered->first = 0;
}

static uint64_t metered_begin_ns(const struct hm_metered *metered,
                                 uint64_t number)
{
    return metered->sample[number % HM_METERED_SAMPLES].begin_ns;
}

/* When sample i would have begun; its window ends with the last one. */
static uint64_t metered_even_ns(const struct hm_metered *metered, uint64_t i)
{
    uint64_t first = metered->first, last = metered->n - 1;
    uint64_t first_ns = metered_begin_ns(metered, first);

    if (first == last)
        return first_ns;
    return first_ns + (i - first) *
                          (metered_begin_ns(metered, last) - first_ns) /
                          (last - first);
}

static void metered_judge(struct hm_metered *metered)
{
    uint64_t i = metered->judged++;
    uint64_t begin_ns = metered_begin_ns(metered, i), even_ns;

    while (metered_begin_ns(metered, metered->first) +
               HM_METERED_WINDOW_NS / 2 <
           begin_ns)
        metered->first++;
    even_ns = metered_even_ns(metered, i);
    hm_hist_add(&metered->latency,
                metered->sample[i % HM_METERED_SAMPLES].end_ns -
                    (even_ns < begin_ns ? even_ns : begin_ns));
}

void hm_metered_add(struct hm_metered *metered, uint64_t begin_ns,
                    uint64_t end_ns)
{
    uint64_t place = metered->n % HM_METERED_SAMPLES;

    if (metered->n - metered->first == HM_METERED_SAMPLES) {
        if (metered->judged == metered->first)
            metered_judge(metered);
        metered->first++;
    }
    metered->sample[place].begin_ns = begin_ns;
    metered->sample[place].end_ns = end_ns;
    metered->n++;
    while (metered_begin_ns(metered, metered->judged) +
               HM_METERED_WINDOW_NS / 2 <=
           begin_ns)
        metered_judge(metered);
}

void hm_metered_end(struct hm_metered *metered)
{
    while (metered->judged < metered->n)
        metered_judge(metered);
}
