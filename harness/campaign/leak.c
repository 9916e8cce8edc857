/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include "common/check.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LEAK_LEAST_SHARE 0.05 /* of the allocation rate */
#define LEAK_MOST_SHARE  0.5  /* of a growth: its cause */
#define LEAK_LARGE_SHARE 0.25 /* of the resident set */

enum { LEAK_SETTLE_LEAST = 8 }; /* checkpoints: two halves of four */

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

/* What is not reclaimed; the resident set where the strategy does not tell. */
static enum hm_leak_bytes leak_live(const struct hm_leak_point *point, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (point[i].bytes[HM_LEAK_LIVE] == UINT64_MAX)
            return HM_LEAK_RSS;
    }
    return HM_LEAK_LIVE;
}

/* Whether a slope of the resident set makes a difference to it. */
static int leak_is_large(const struct hm_leak_point *point, size_t n,
                         double growth)
{
    const struct hm_leak_point *first = &point[HM_LEAK_SKIPPED];

    return growth * (double)(point[n - 1].ops - first->ops) >
           LEAK_LARGE_SHARE * (double)first->bytes[HM_LEAK_RSS];
}

/* Whether memory grows: fast for what is allocated, or, where something that is
 * known not to be reclaimed explains it, much for the resident set.  A runtime
 * that comes to its size by steps is neither. */
static int leak_grows(const struct hm_leak_point *point, size_t n,
                      double growth, double live, double alloc_bytes_per_op)
{
    if (growth >= LEAK_LEAST_SHARE * alloc_bytes_per_op)
        return 1;
    return leak_live(point, n) == HM_LEAK_LIVE &&
           live >= LEAK_MOST_SHARE * growth && leak_is_large(point, n, growth);
}

/* Whether a series, less what is needed, is on its way to a plateau.  The
 * halves overlap, so that a step in the middle belongs to both. */
static int leak_settles(const struct hm_leak_point *point, size_t n,
                        enum hm_leak_bytes which)
{
    struct hm_trend_point of[HM_LEAK_MOST];
    size_t left = n - HM_LEAK_SKIPPED, half = left / 2 + 1;
    double first, second;

    if (n < LEAK_SETTLE_LEAST)
        return 0;
    for (size_t i = 0; i < left; i++) {
        const struct hm_leak_point *at = &point[HM_LEAK_SKIPPED + i];

        of[i] = (struct hm_trend_point){(double)at->ops,
                                        (double)at->bytes[which] -
                                            (double)at->bytes[HM_LEAK_NEEDED]};
    }
    first = hm_trend_slope(of, half).estimate;
    second = hm_trend_slope(of + left - half, half).estimate;
    return first > 0 && second < HM_TREND_SETTLED * first;
}

/* Of what this strategy does not reclaim. */
static const char *leak_unreclaimed(const char *leak, const char *misses)
{
    int is_false = strcmp(leak, "false") == 0 && strcmp(misses, "false") == 0;

    return is_false ? "false_retention" : "lost";
}

const char *hm_leak_verdict(const struct hm_leak_point *point, size_t n,
                            double alloc_bytes_per_op, const char *leak,
                            const char *misses)
{
    enum hm_leak_bytes live_is = leak_live(point, n);
    double needed = hm_leak_slope(point, n, HM_LEAK_NEEDED).estimate;
    double growth = hm_leak_slope(point, n, HM_LEAK_RSS).estimate - needed;
    double held = hm_leak_slope(point, n, HM_LEAK_REACHABLE).estimate - needed;
    double live = hm_leak_slope(point, n, live_is).estimate - needed;
    int settles;

    if (isnan(growth) || alloc_bytes_per_op <= 0)
        return "";
    if (!leak_grows(point, n, growth, live, alloc_bytes_per_op))
        return "none";
    settles = leak_settles(point, n, HM_LEAK_RSS);
    if (live < LEAK_MOST_SHARE * growth) {
        if (!leak_is_large(point, n, growth))
            return "none";
        return settles ? "settling" : "fragmentation";
    }
    if (settles && leak_settles(point, n, live_is))
        return "settling";
    if (held < LEAK_MOST_SHARE * live)
        return leak_unreclaimed(leak, misses);
    return "logical";
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
    if (strcmp(class_name, "collector") == 0 && strcmp(leak, misses) == 0)
        return leak_unreclaimed(leak, misses);
    if (strcmp(class_name, "collector") == 0)
        return "none";
    return strcmp(leak, "lost") == 0 ? "lost" : "none";
}
