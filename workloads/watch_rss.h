/* SPDX-License-Identifier: MIT */
/* watch_rss.h -- whether memory comes back: the resident set at once and after
 * each of some times, outside of the clock window, as figures. */
#ifndef HM_WORKLOADS_WATCH_RSS_H
#define HM_WORKLOADS_WATCH_RSS_H

#include "common/clock.h"
#include "common/os.h"
#include "workloads/run.h"

#include <stddef.h>
#include <stdint.h>

#define HM_WATCH_PARAM                                                       \
    {                                                                        \
        "watch_ms", "how long the resident set is watched afterwards", 1000, \
            5000, 0, 600000                                                  \
    }

enum { HM_WATCH_SERVE_MS = 10 };

/* Looks at each time within `watch_ms`; pages given back by MADV_FREE do not
 * count.  Meanwhile `serve` is called every HM_WATCH_SERVE_MS; NULL: the
 * program rests. */
static inline void hm_watch_rss(struct hm_run *run, uint64_t watch_ms,
                                void (*serve)(void *), void *arg)
{
    static const struct {
        uint64_t after_ms;
        const char *figure;
    } look[] = {
        {0, "rss_0ms_bytes"},         {100, "rss_100ms_bytes"},
        {1000, "rss_1000ms_bytes"},   {5000, "rss_5000ms_bytes"},
        {10000, "rss_10000ms_bytes"},
    };

    uint64_t start_ns = hm_clock_now_ns(), now_ms = 0;

    for (size_t i = 0; i < sizeof(look) / sizeof(look[0]); i++) {
        if (look[i].after_ms > watch_ms)
            break;
        for (; serve != NULL && now_ms < look[i].after_ms;
             now_ms += HM_WATCH_SERVE_MS) {
            serve(arg);
            hm_clock_sleep_until(start_ns +
                                 (now_ms + HM_WATCH_SERVE_MS) * 1000000);
        }
        hm_clock_sleep_until(start_ns + look[i].after_ms * 1000000);
        hm_run_figure(run, look[i].figure, hm_os_rss_held_bytes());
    }
}

#endif /* HM_WORKLOADS_WATCH_RSS_H */
