/* SPDX-License-Identifier: MIT */
#include "harness/campaign/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hm_samples_reset(struct hm_samples *samples)
{
    samples->n = samples->seen = 0;
    samples->stride = 1;
}

void hm_samples_add(struct hm_samples *samples, struct hm_sample sample)
{
    if (samples->seen++ % samples->stride != 0)
        return;
    if (samples->n == HM_SAMPLES_MAX) {
        for (size_t i = 0; i < HM_SAMPLES_MAX / 2; i++)
            samples->sample[i] = samples->sample[2 * i];
        samples->n /= 2;
        samples->stride *= 2;
    }
    samples->sample[samples->n++] = sample;
}

size_t hm_samples_step(const struct hm_samples *samples)
{
    if (samples->n <= HM_SAMPLES_WRITTEN_MAX)
        return 1;
    return (samples->n + HM_SAMPLES_WRITTEN_MAX - 1) / HM_SAMPLES_WRITTEN_MAX;
}

uint64_t hm_samples_mean_bytes(const struct hm_samples *samples,
                               uint64_t start_ns, uint64_t end_ns)
{
    const struct hm_sample *last = NULL;
    double area = 0, span_ns = 0;

    for (size_t i = 0; i < samples->n; i++) {
        const struct hm_sample *next = &samples->sample[i];

        if (next->now_ns < start_ns || next->now_ns > end_ns)
            continue;
        if (last != NULL) {
            double step_ns = (double)(next->now_ns - last->now_ns);

            area +=
                step_ns * ((double)next->rss_bytes + (double)last->rss_bytes);
            span_ns += step_ns;
        }
        last = next;
    }
    return span_ns > 0 ? (uint64_t)(area / span_ns / 2) : 0;
}

int hm_sample_open(int pid)
{
    char path[64];
    int fd;

    (void)snprintf(path, sizeof path, "/proc/%d/statm", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* statm: "size resident shared ...", in pages. */
uint64_t hm_sample_rss_bytes(int statm)
{
    char text[128], *resident;
    ssize_t bytes = pread(statm, text, sizeof text - 1, 0);

    if (bytes <= 0)
        return 0;
    text[bytes] = '\0';
    resident = strchr(text, ' ');
    if (resident == NULL)
        return 0;
    return strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}
