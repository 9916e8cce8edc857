/* SPDX-License-Identifier: MIT */
#include "harness/analysis/stats.h"

#include "common/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    STATS_EXACT_WILCOXON = 200,
    STATS_EXACT_MEDIAN = 1000, /* 2^-n must not underflow */
    STATS_EXACT_MANN_WHITNEY = 2500,
};

static int stats_compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* A sorted copy; NULL with errno = EINVAL or ENOMEM. */
static double *stats_sorted(const double *value, size_t n)
{
    double *copy;

    errno = EINVAL;
    if (n == 0)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i]))
            return NULL;
    }
    copy = malloc(n * sizeof *copy);
    if (copy == NULL)
        return NULL;
    memcpy(copy, value, n * sizeof *copy);
    qsort(copy, n, sizeof *copy, stats_compare);
    return copy;
}

/* z with P(Z > z) = tail, by bisection: exact enough and obviously right. */
static double stats_normal_z(double tail)
{
    double low = 0;
    double high = 10;

    for (int i = 0; i < 60; i++) {
        double z = 0.5 * (low + high);

        if (0.5 * erfc(z / sqrt(2)) > tail) {
            low = z;
        } else {
            high = z;
        }
    }
    return low;
}

/* Largest k with P(X <= k - 1) <= alpha / 2 for a normal X, with the
 * correction for continuity. */
static size_t stats_normal_k(double mean, double variance, double alpha)
{
    double k = mean - stats_normal_z(alpha / 2) * sqrt(variance) + 0.5;

    return k < 1 ? 0 : (size_t)k;
}

/* Largest k with P(X <= k - 1) <= alpha / 2, X having the law p[0..n). */
static size_t stats_law_k(const double *p, size_t n, double alpha)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += p[k];
        if (sum > alpha / 2)
            return k;
    }
    return n;
}

size_t hm_stats_wilcoxon_k(size_t n, double alpha)
{
    /* Law of W+: each rank r is in the sum with probability one half. */
    static _Thread_local double
        law[STATS_EXACT_WILCOXON * (STATS_EXACT_WILCOXON + 1) / 2 + 1];
    static _Thread_local size_t last_n, last_k;
    static _Thread_local double last_alpha;
    double count = (double)n;
    size_t top = 0;

    if (n > STATS_EXACT_WILCOXON) {
        return stats_normal_k(count * (count + 1) / 4,
                              count * (count + 1) * (2 * count + 1) / 24,
                              alpha);
    }
    if (n == last_n && alpha == last_alpha)
        return last_k;
    memset(law, 0, sizeof law);
    law[0] = 1;
    for (size_t r = 1; r <= n; r++) {
        top += r;
        for (size_t u = top + 1; u-- > 0;)
            law[u] = 0.5 * (law[u] + (u >= r ? law[u - r] : 0));
    }
    last_n = n;
    last_alpha = alpha;
    last_k = stats_law_k(law, top + 1, alpha);
    return last_k;
}

size_t hm_stats_median_k(size_t n, double alpha)
{
    double term = ldexp(1, -(int)n); /* P(B = k) for k = 0 */
    double below = 0;

    if (n > STATS_EXACT_MEDIAN)
        return stats_normal_k((double)n / 2, (double)n / 4, alpha);
    for (size_t k = 0; k <= n; k++) {
        below += term;
        if (below > alpha / 2)
            return k;
        term *= (double)(n - k) / (double)(k + 1);
    }
    return 0;
}

/* One row of the recurrence P(i,j,u) = i/(i+j) P(i-1,j,u-j) +
 * j/(i+j) P(i,j-1,u): `law` holds i-1 and becomes i.  Stride: cells per j. */
static void stats_mann_whitney_row(double *law, size_t i, size_t m,
                                   size_t stride)
{
    for (size_t j = 1; j <= m; j++) {
        double with_i = (double)i / (double)(i + j);
        double *here = law + j * stride;
        const double *less = here - stride;

        for (size_t u = i * j + 1; u-- > 0;) {
            here[u] =
                (u >= j ? with_i * here[u - j] : 0) + (1 - with_i) * less[u];
        }
    }
}

size_t hm_stats_mann_whitney_k(size_t n, size_t m, double alpha)
{
    size_t stride = n * m + 1;
    double *law;
    size_t k;

    if (n * m > STATS_EXACT_MANN_WHITNEY) {
        return stats_normal_k((double)(n * m) / 2,
                              (double)n * (double)m * (double)(n + m + 1) / 12,
                              alpha);
    }
    law = calloc((m + 1) * stride, sizeof *law);
    if (law == NULL)
        return 0;
    for (size_t j = 0; j <= m; j++)
        law[j * stride] = 1;
    for (size_t i = 1; i <= n; i++)
        stats_mann_whitney_row(law, i, m, stride);
    k = stats_law_k(law + m * stride, stride, alpha);
    free(law);
    return k;
}

static double stats_walsh(const double *sorted, size_t i, size_t j)
{
    return 0.5 * (sorted[i] + sorted[j]);
}

/* fmin and fmax without their calls and their care for NaN. */
static double stats_smaller(double a, double b)
{
    return a < b ? a : b;
}

static double stats_larger(double a, double b)
{
    return a > b ? a : b;
}

/* Number of Walsh averages <= `pivot`; *below becomes the largest of those,
 * *above the smallest of the others.  One walk along the staircase: O(n). */
static size_t stats_walsh_rank(const double *sorted, size_t n, double pivot,
                               double *below, double *above)
{
    size_t count = 0;
    size_t end = n; /* averages (i, j) with j >= end are above the pivot */

    *below = -INFINITY;
    *above = INFINITY;
    for (size_t i = 0; i < n; i++) {
        size_t first_above;

        while (end > i && stats_walsh(sorted, i, end - 1) > pivot)
            end--;
        if (end > i) {
            count += end - i;
            *below = stats_larger(*below, stats_walsh(sorted, i, end - 1));
        }
        first_above = end > i ? end : i;
        if (first_above < n)
            *above = stats_smaller(*above, stats_walsh(sorted, i, first_above));
    }
    return count;
}

/* The k-th smallest Walsh average, k from 1, known to be in [low, high], which
 * are averages themselves.  Both ends of the bracket stay averages, so that it
 * closes exactly, ties included, without building them all. */
static double stats_walsh_select(const double *sorted, size_t n, size_t k,
                                 double low, double high)
{
    while (low < high) {
        double pivot = low + 0.5 * (high - low);
        double below;
        double above;

        if (pivot >= high)
            pivot = low;
        if (stats_walsh_rank(sorted, n, pivot, &below, &above) >= k) {
            high = below;
        } else {
            low = above;
        }
    }
    return low;
}

int hm_stats_paired(const double *log_ratio, size_t n, double alpha,
                    struct hm_interval *out)
{
    double *sorted = stats_sorted(log_ratio, n);
    size_t walsh = n * (n + 1) / 2;
    double least;
    double most;
    double middle;
    size_t k;

    if (sorted == NULL)
        return -errno;
    k = hm_stats_wilcoxon_k(n, alpha);
    least = sorted[0];
    most = sorted[n - 1];
    middle = stats_walsh_select(sorted, n, (walsh + 1) / 2, least, most);
    out->n = n;
    out->estimate = middle;
    if (walsh % 2 == 0) {
        out->estimate =
            0.5 * (middle +
                   stats_walsh_select(sorted, n, walsh / 2 + 1, middle, most));
    }
    out->low =
        k > 0 ? stats_walsh_select(sorted, n, k, least, middle) : -INFINITY;
    out->high = k > 0
                    ? stats_walsh_select(sorted, n, walsh + 1 - k, middle, most)
                    : INFINITY;
    free(sorted);
    return 0;
}

static double stats_sorted_median(const double *sorted, size_t n)
{
    return 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]);
}

static void stats_from_order(const double *sorted, size_t n, size_t k,
                             struct hm_interval *out)
{
    out->estimate = stats_sorted_median(sorted, n);
    out->low = k > 0 ? sorted[k - 1] : -INFINITY;
    out->high = k > 0 ? sorted[n - k] : INFINITY;
}

int hm_stats_unpaired(const double *log_a, size_t n, const double *log_b,
                      size_t m, double alpha, struct hm_interval *out)
{
    size_t filled = 0;
    double *sorted;
    double *shift;

    if (n == 0 || m == 0)
        return -EINVAL;
    shift = malloc(n * m * sizeof *shift);
    if (shift == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++)
            shift[filled++] = log_b[j] - log_a[i];
    }
    sorted = stats_sorted(shift, n * m);
    free(shift);
    if (sorted == NULL)
        return -errno;
    out->n = n < m ? n : m;
    stats_from_order(sorted, n * m, hm_stats_mann_whitney_k(n, m, alpha), out);
    free(sorted);
    return 0;
}

int hm_stats_median(const double *value, size_t n, double alpha,
                    struct hm_interval *out)
{
    double *sorted = stats_sorted(value, n);

    if (sorted == NULL)
        return -errno;
    out->n = n;
    stats_from_order(sorted, n, hm_stats_median_k(n, alpha), out);
    free(sorted);
    return 0;
}

int hm_stats_range(const double *value, size_t n, struct hm_interval *out)
{
    double *sorted = stats_sorted(value, n);

    if (sorted == NULL)
        return -errno;
    out->n = n;
    stats_from_order(sorted, n, 1, out);
    free(sorted);
    return 0;
}

double hm_stats_half_width(const struct hm_interval *log_ratio)
{
    return 0.5 * (log_ratio->high - log_ratio->low);
}

double hm_stats_reach(const struct hm_interval *log_ratio)
{
    return fmax(fabs(log_ratio->low), fabs(log_ratio->high));
}

enum hm_verdict hm_stats_verdict(const struct hm_interval *log_ratio,
                                 double noise)
{
    double same = log1p(HM_STATS_DELTA);

    HM_CHECK(noise >= 0);
    if (log_ratio->n < HM_STATS_MIN_BLOCKS || !isfinite(log_ratio->low) ||
        !isfinite(log_ratio->high))
        return HM_VERDICT_NONE;
    if (log_ratio->low > -same && log_ratio->high < same)
        return HM_VERDICT_SAME;
    if (log_ratio->low <= 0 && log_ratio->high >= 0)
        return HM_VERDICT_INCONCLUSIVE;
    if (fabs(log_ratio->estimate) <= same)
        return HM_VERDICT_NEGLIGIBLE;
    if (fabs(log_ratio->estimate) <= noise)
        return HM_VERDICT_INCONCLUSIVE;
    return log_ratio->estimate < 0 ? HM_VERDICT_FASTER : HM_VERDICT_SLOWER;
}

const char *hm_verdict_name(enum hm_verdict verdict)
{
    static const char *const name[] = {
        [HM_VERDICT_NONE] = "",
        [HM_VERDICT_FASTER] = "faster",
        [HM_VERDICT_SLOWER] = "slower",
        [HM_VERDICT_SAME] = "same",
        [HM_VERDICT_NEGLIGIBLE] = "negligible",
        [HM_VERDICT_INCONCLUSIVE] = "inconclusive",
    };

    return name[verdict];
}
