/* SPDX-License-Identifier: MIT */
/* human.h -- numbers for people: three digits and a fitting unit. */
#ifndef HM_HARNESS_HUMAN_H
#define HM_HARNESS_HUMAN_H

enum { HM_HUMAN_BYTES = 24 };

/* "604 ms", "2.61 us", "-" for NaN. */
void hm_human_time(char *text, double ns);

/* "56.0 MiB", "812 KiB", "-" for NaN. */
void hm_human_size(char *text, double bytes);

/* "0.73", "12.5", "929", "-" for NaN. */
void hm_human_ratio(char *text, double ratio);

/* Either of them, by the unit of a metric: "ns", "bytes" or "ratio". */
void hm_human_value(char *text, double value, const char *unit);

#endif /* HM_HARNESS_HUMAN_H */
