/* SPDX-License-Identifier: MIT */
/* sample.h -- resident memory of a run over time, read from outside.
 *
 * Memory: fixed; when the table is full every second sample goes and from
 *         then on every second one is kept: the spread stays even. */
#ifndef HM_HARNESS_CAMPAIGN_SAMPLE_H
#define HM_HARNESS_CAMPAIGN_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

enum { HM_SAMPLES_MAX = 4096, HM_SAMPLES_WRITTEN_MAX = 400 };

struct hm_sample {
    uint64_t now_ns; /* monotonic clock */
    uint64_t rss_bytes;
    uint64_t ops;   /* of the progress page */
    unsigned phase; /* enum hm_phase */
};

struct hm_samples {
    size_t n, seen, stride; /* {0} is not valid: hm_samples_reset */
    struct hm_sample sample[HM_SAMPLES_MAX];
};

void hm_samples_reset(struct hm_samples *samples);
void hm_samples_add(struct hm_samples *samples, struct hm_sample sample);

/* Every how many samples one is written so that at most
 * HM_SAMPLES_WRITTEN_MAX are; >= 1. */
size_t hm_samples_step(const struct hm_samples *samples);

/* Time average of the resident bytes between two instants, by trapezoids over
 * the samples that lie there; 0 with fewer than two. */
uint64_t hm_samples_mean_bytes(const struct hm_samples *samples,
                               uint64_t start_ns, uint64_t end_ns);

/* A process's /proc/PID/statm, kept open. */
int hm_sample_open(int pid); /* file descriptor or negative errno */

/* Resident bytes; 0 when the process is gone. */
uint64_t hm_sample_rss_bytes(int statm);

#endif /* HM_HARNESS_CAMPAIGN_SAMPLE_H */
