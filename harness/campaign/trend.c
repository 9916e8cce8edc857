/* SPDX-License-Identifier: MIT */
#include "harness/campaign/trend.h"

#include "common/check.h"

#include <math.h>
#include <stdlib.h>

enum {
    TREND_PAIRS = HM_TREND_MOST * (HM_TREND_MOST - 1) / 2,
    TREND_STRETCHES = 12, /* of the envelope */
    TREND_HALF = TREND_STRETCHES / 2,
};

#define TREND_WARM_UP      0.25 /* share of the series that is not looked at */
#define TREND_Z            1.959964 /* two-sided 95 % */
#define TREND_TEST_Z       2.575829 /* two-sided 99 % */
#define TREND_LEAST_GROWTH 0.05

static int trend_compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Variance of Kendall's S for n values without ties. */
static double trend_variance(size_t n)
{
    double count = (double)n;

    return count * (count - 1) * (2 * count + 5) / 18;
}

struct hm_slope hm_trend_slope(const struct hm_trend_point *point, size_t n)
{
    double slope[TREND_PAIRS], reach;
    size_t pairs = 0, below;

    HM_CHECK(n <= HM_TREND_MOST);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            if (point[k].ops > point[i].ops) {
                slope[pairs++] = (point[k].bytes - point[i].bytes) /
                                 (point[k].ops - point[i].ops);
            }
        }
    }
    if (pairs == 0)
        return (struct hm_slope){NAN, NAN, NAN};
    qsort(slope, pairs, sizeof slope[0], trend_compare);
    reach = ((double)pairs - TREND_Z * sqrt(trend_variance(n))) / 2;
    below = reach > 0 ? (size_t)reach : 0;
    return (struct hm_slope){(slope[(pairs - 1) / 2] + slope[pairs / 2]) / 2,
                             slope[below], slope[pairs - 1 - below]};
}

/* The least of each of twelve stretches after the warm-up. */
static void trend_envelope(const struct hm_trend_point *point, size_t n,
                           struct hm_trend_point least[TREND_STRETCHES])
{
    size_t first = (size_t)((double)n * TREND_WARM_UP);

    for (size_t s = 0; s < TREND_STRETCHES; s++) {
        size_t begin = first + (n - first) * s / TREND_STRETCHES;
        size_t end = first + (n - first) * (s + 1) / TREND_STRETCHES;

        least[s] = point[begin];
        for (size_t i = begin + 1; i < end; i++) {
            if (point[i].bytes < least[s].bytes)
                least[s] = point[i];
        }
    }
}

/* Kendall's S over its deviation, with ties and continuity corrected. */
static double trend_z(const struct hm_trend_point *point, size_t n)
{
    double s = 0, variance = trend_variance(n);

    for (size_t i = 0; i < n; i++) {
        size_t equal = 1;

        for (size_t k = i + 1; k < n; k++) {
            s += (point[k].bytes > point[i].bytes) -
                 (point[k].bytes < point[i].bytes);
            equal += point[k].bytes == point[i].bytes;
        }
        /* A group of t equal values is met with equal = t, t - 1, ..., 1; its
         * correction t (t - 1) (2 t + 5) is a sum over these. */
        variance -= (double)(equal - 1) * ((double)equal + 1) / 3;
    }
    if (variance <= 0 || s == 0)
        return 0;
    return (s - (s > 0) + (s < 0)) / sqrt(variance);
}

const char *hm_trend_name(const struct hm_trend_point *point, size_t n)
{
    struct hm_trend_point least[TREND_STRETCHES];
    struct hm_slope slope, first, second;
    double growth;

    if (n < HM_TREND_LEAST)
        return "";
    trend_envelope(point, n, least);
    slope = hm_trend_slope(least, TREND_STRETCHES);
    growth = slope.estimate * (least[TREND_STRETCHES - 1].ops - least[0].ops);
    if (!(trend_z(least, TREND_STRETCHES) > TREND_TEST_Z && slope.low > 0 &&
          growth > TREND_LEAST_GROWTH * least[0].bytes))
        return "flat";
    first = hm_trend_slope(least, TREND_HALF);
    second = hm_trend_slope(least + TREND_HALF, TREND_HALF);
    return second.estimate > 0 &&
                   second.estimate >= HM_TREND_SETTLED * first.estimate
               ? "growing"
               : "settling";
}
