/* SPDX-License-Identifier: MIT */
/* campaign_folder.h -- a small campaign in a temporary folder, for tests. */
#ifndef HM_TESTS_UNIT_CAMPAIGN_FOLDER_H
#define HM_TESTS_UNIT_CAMPAIGN_FOLDER_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_COLUMNS                                                        \
    "run_id,block,cell,workload,params,heap_multiple,threads,strategy,class," \
    "arm,status,reason,wall_ns,cpu_ns,rss_peak_bytes,rss_mean_bytes,"         \
    "rss_drained_bytes,lat_p50_ns,lat_p99_ns,lat_p999_ns,pause_max_ns,"       \
    "pause_total_ns,live_peak_bytes\n"

static char folder[64];

static inline int folder_make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/hm_folder_XXXXXX");
    return mkdtemp(folder) == NULL;
}

static inline int folder_remove(void **state)
{
    char command[96];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static inline FILE *folder_open(const char *name, const char *mode)
{
    char path[128];

    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, mode);
}

static inline void folder_put(const char *name, const char *text)
{
    FILE *file = folder_open(name, "w");

    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

/* The whole file in a static buffer; "" if there is none. */
static inline const char *folder_text(const char *name)
{
    static char text[1 << 20];
    FILE *file = folder_open(name, "r");
    size_t n = 0;

    if (file != NULL) {
        n = fread(text, 1, sizeof text - 1, file);
        (void)fclose(file);
    }
    text[n] = '\0';
    return text;
}

#endif /* HM_TESTS_UNIT_CAMPAIGN_FOLDER_H */
