/* SPDX-License-Identifier: MIT */
#include "harness/campaign/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *hm_inputs_path(struct hm_pool *pool, const char *folder)
{
    return hm_pool_format(pool, "%s/inputs", folder);
}

int hm_inputs_make(const char *path)
{
    return mkdir(path, 0777) != 0 && errno != EEXIST ? -errno : 0;
}

static int inputs_is_file(const struct dirent *entry)
{
    return entry->d_type == DT_REG;
}

void hm_inputs_remove(struct hm_pool *pool, const char *path)
{
    struct dirent **entry;
    int n = scandir(path, &entry, inputs_is_file, NULL);

    for (int i = 0; i < n; i++) {
        (void)unlink(hm_pool_format(pool, "%s/%s", path, entry[i]->d_name));
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    (void)rmdir(path);
}
