/* SPDX-License-Identifier: MIT */
#include "harness/campaign/leak.h"

#include "common/check.h"

#include <stdlib.h>
#include <string.h>

enum { LEAK_PAIRS = HM_LEAK_MOST * (HM_LEAK_MOST - 1) / 2 };

#define LEAK_LEAST_SHARE  0.05 /* of the allocation rate */
#define LEAK_NEEDED_SHARE 0.5  /* of the growth */

static int leak_compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double leak_bytes(const struct hm_leak_point *point, int needed)
{
    return (double)(needed ? point->needed_bytes : point->rss_bytes);
}

/* Theil-Sen slope; 0 when no two points differ in operations. */
static double leak_slope(const struct hm_leak_point *point, size_t n,
                         int needed)
{
    double slope[LEAK_PAIRS];
    size_t pairs = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t k = i + 1; k < n; k++) {
            if (point[k].ops > point[i].ops) {
                slope[pairs++] = (leak_bytes(&point[k], needed) -
                                  leak_bytes(&point[i], needed)) /
                                 (double)(point[k].ops - point[i].ops);
            }
        }
    }
    if (pairs == 0)
        return 0;
    qsort(slope, pairs, sizeof slope[0], leak_compare);
    return pairs % 2 != 0 ? slope[pairs / 2]
                          : (slope[pairs / 2 - 1] + slope[pairs / 2]) / 2;
}

const char *hm_leak_verdict(const struct hm_leak_point *point, size_t n,
                            double alloc_bytes_per_op)
{
    double growth, needed;

    HM_CHECK(n <= HM_LEAK_MOST);
    if (n < HM_LEAK_LEAST || point[n - 1].ops <= point[HM_LEAK_SKIPPED].ops ||
        alloc_bytes_per_op <= 0)
        return "";
    point += HM_LEAK_SKIPPED;
    n -= HM_LEAK_SKIPPED;
    growth = leak_slope(point, n, 0);
    needed = leak_slope(point, n, 1);
    if (growth < LEAK_LEAST_SHARE * alloc_bytes_per_op)
        return "none";
    return needed >= LEAK_NEEDED_SHARE * growth ? "logical" : "lost";
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
