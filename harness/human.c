/* SPDX-License-Identifier: MIT */
#include "harness/human.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Three significant digits, without an exponent. */
static void human_put(char *text, double value, const char *unit)
{
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

    if (value < 0.005)
        decimals = 0;
    (void)snprintf(text, HM_HUMAN_BYTES, "%.*f%s", decimals, value, unit);
}

static void human_scaled(char *text, double value, double step,
                         const char *const *unit, int units)
{
    int u = 0;

    if (isnan(value)) {
        (void)snprintf(text, HM_HUMAN_BYTES, "-");
        return;
    }
    /* 999.5 would be printed with four digits. */
    while (u + 1 < units && value >= (step > 1000 ? 1000 : 999.5)) {
        value /= step;
        u++;
    }
    human_put(text, value, unit[u]);
}

void hm_human_time(char *text, double ns)
{
    static const char *const unit[] = {" ns", " us", " ms", " s"};

    human_scaled(text, ns, 1000, unit, 4);
}

void hm_human_size(char *text, double bytes)
{
    static const char *const unit[] = {" B", " KiB", " MiB", " GiB", " TiB"};

    human_scaled(text, bytes, 1024, unit, 5);
}

void hm_human_ratio(char *text, double ratio)
{
    if (isnan(ratio)) {
        (void)snprintf(text, HM_HUMAN_BYTES, "-");
    } else {
        human_put(text, ratio, "");
    }
}

void hm_human_value(char *text, double value, const char *unit)
{
    if (strcmp(unit, "ns") == 0) {
        hm_human_time(text, value);
    } else if (strcmp(unit, "bytes") == 0) {
        hm_human_size(text, value);
    } else {
        hm_human_ratio(text, value);
    }
}
