/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include "common/check.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LEAK_LEAST_SHARE 0.05 /* of the allocation rate */
#define LEAK_MOST_SHARE  0.5  /* of a growth: its cause */
#define LEAK_LARGE_SHARE 0.25 /* of the resident set */

struct hm_slope hm_leak_slope(const struct hm_leak_point *point, size_t n,
                              enum hm_leak_bytes which)
{
    struct hm_trend_point of[HM_LEAK_MOST];

    HM_CHECK(n <= HM_LEAK_MOST);
    if (n < HM_LEAK_LEAST)
        return (struct hm_slope){NAN, NAN, NAN};
    for (size_t i = HM_LEAK_SKIPPED; i < n; i++) {
        of[i - HM_LEAK_SKIPPED] = (struct hm_trend_point){
            (double)point[i].ops, (double)point[i].bytes[which]};
    }
    return hm_trend_slope(of, n - HM_LEAK_SKIPPED);
}

/* Growth of what is not reclaimed; of the resident set where the strategy does
 * not tell. */
static double leak_live_slope(const struct hm_leak_point *point, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (point[i].bytes[HM_LEAK_LIVE] == UINT64_MAX)
            return hm_leak_slope(point, n, HM_LEAK_RSS).estimate;
    }
    return hm_leak_slope(point, n, HM_LEAK_LIVE).estimate;
}

/* Whether a slope of the resident set makes a difference to it. */
static int leak_is_large(const struct hm_leak_point *point, size_t n,
                         double growth)
{
    const struct hm_leak_point *first = &point[HM_LEAK_SKIPPED];

    return growth * (double)(point[n - 1].ops - first->ops) >
           LEAK_LARGE_SHARE * (double)first->bytes[HM_LEAK_RSS];
}

const char *hm_leak_verdict(const struct hm_leak_point *point, size_t n,
                            double alloc_bytes_per_op)
{
    double needed = hm_leak_slope(point, n, HM_LEAK_NEEDED).estimate;
    double growth = hm_leak_slope(point, n, HM_LEAK_RSS).estimate - needed;
    double held = hm_leak_slope(point, n, HM_LEAK_REACHABLE).estimate - needed;
    double live = leak_live_slope(point, n) - needed;

    if (isnan(growth) || alloc_bytes_per_op <= 0)
        return "";
    if (growth < LEAK_LEAST_SHARE * alloc_bytes_per_op)
        return "none";
    if (live < LEAK_MOST_SHARE * growth)
        return leak_is_large(point, n, growth) ? "fragmentation" : "none";
    return held < LEAK_MOST_SHARE * live ? "lost" : "logical";
}

const char *hm_leak_expected(const char *leak, const char *class_name,
                             const char *misses)
{
    if (strcmp(leak, "-") == 0)
        return "";
    if (strcmp(leak, "logical") == 0)
        return "logical";
    if (strcmp(class_name, "reference") == 0)
        return "lost";
    if (strcmp(class_name, "collector") == 0)
        return strcmp(leak, misses) == 0 ? "lost" : "none";
    return strcmp(leak, "lost") == 0 ? "lost" : "none";
}
