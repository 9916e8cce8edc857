/* SPDX-License-Identifier: MIT */
#include "harness/campaign/bisect.h"

#include <math.h>
#include <stddef.h>

/* Heaps that passed once, from large to small: 64 halvings are all there are,
 * and between two of them a few steps. */
enum { BISECT_PASSED_MAX = 256 };

struct bisect {
    const struct hm_bisect *how;
    struct hm_bisected *result;
    uint64_t fails;                     /* largest known failure */
    uint64_t passed[BISECT_PASSED_MAX]; /* ... all above `fails` */
    size_t n_passed;
};

static uint64_t bisect_fits(const struct bisect *bisect)
{
    return bisect->n_passed > 0 ? bisect->passed[bisect->n_passed - 1] : 0;
}

static enum hm_fit bisect_probe(struct bisect *bisect, uint64_t bytes)
{
    enum hm_fit fit = bisect->how->probe(bisect->how->user, bytes);

    bisect->result->probes++;
    if (fit == HM_FIT_NO) {
        bisect->fails = bytes;
    } else if (fit == HM_FIT_STOP) {
        bisect->result->stopped = true;
    }
    return fit;
}

/* A heap smaller than all that passed. */
static void bisect_try(struct bisect *bisect, uint64_t bytes)
{
    if (bisect_probe(bisect, bytes) != HM_FIT_YES)
        return;
    if (bisect->n_passed == BISECT_PASSED_MAX)
        bisect->n_passed--;
    bisect->passed[bisect->n_passed++] = bytes;
}

/* Up from the largest failure until something fits. */
static void bisect_raise(struct bisect *bisect)
{
    const struct hm_bisect *how = bisect->how;
    uint64_t bytes = bisect->fails == 0 ? how->start_bytes : bisect->fails * 2;

    while (bisect->n_passed == 0 && !bisect->result->stopped &&
           bisect->fails < how->most_bytes) {
        bisect_try(bisect, bytes < how->most_bytes ? bytes : how->most_bytes);
        bytes *= 2;
    }
}

/* Down from the smallest that fits until something does not. */
static void bisect_lower(struct bisect *bisect)
{
    const struct hm_bisect *how = bisect->how;
    uint64_t bytes = how->likely_bytes;

    while (bisect->fails == 0 && !bisect->result->stopped &&
           bisect_fits(bisect) > how->least_bytes) {
        if (bytes >= bisect_fits(bisect))
            bytes = bisect_fits(bisect) / 2;
        if (bytes < how->least_bytes)
            bytes = how->least_bytes;
        bisect_try(bisect, bytes);
        bytes /= 2;
    }
}

static void bisect_narrow(struct bisect *bisect)
{
    const struct hm_bisect *how = bisect->how;

    while (bisect->fails > 0 && !bisect->result->stopped) {
        uint64_t high = bisect_fits(bisect), low = bisect->fails;
        double near =
            fmax(how->tolerance * (double)high, (double)how->step_bytes);
        uint64_t middle = (uint64_t)sqrt((double)low * (double)high);

        if ((double)(high - low) <= near || middle <= low || middle >= high)
            return;
        bisect_try(bisect, middle);
    }
}

/* What passed but is not above the largest failure says nothing more. */
static void bisect_forget(struct bisect *bisect)
{
    while (bisect->n_passed > 0 && bisect_fits(bisect) <= bisect->fails)
        bisect->n_passed--;
}

/* Whether the smallest heap that passed once passes again, and somewhat
 * larger ones do. */
static bool bisect_confirm(struct bisect *bisect)
{
    static const double above[] = {1.1, 1.25};
    uint64_t bytes = bisect_fits(bisect);
    bool fits = true;

    for (unsigned i = 1; fits && i < bisect->how->passes; i++)
        fits = bisect_probe(bisect, bytes) == HM_FIT_YES;
    for (size_t i = 0; fits && i < sizeof above / sizeof *above; i++) {
        uint64_t larger = (uint64_t)((double)bytes * above[i]);

        if (larger > bytes && larger <= bisect->how->most_bytes)
            fits = bisect_probe(bisect, larger) == HM_FIT_YES;
    }
    bisect_forget(bisect);
    return fits;
}

void hm_bisect(const struct hm_bisect *how, struct hm_bisected *result)
{
    struct bisect bisect = {.how = how, .result = result};

    *result = (struct hm_bisected){.fits_bytes = 0};
    do {
        bisect_raise(&bisect);
        if (bisect.n_passed > 0)
            bisect_lower(&bisect);
        if (bisect.n_passed > 0)
            bisect_narrow(&bisect);
    } while (!result->stopped && bisect.n_passed > 0 &&
             !bisect_confirm(&bisect) && !result->stopped);
    if (!result->stopped)
        result->fits_bytes = bisect_fits(&bisect);
    result->fails_bytes = bisect.fails;
}
