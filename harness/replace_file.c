/* SPDX-License-Identifier: MIT */
#include "harness/replace_file.h"

#include <errno.h>
#include <unistd.h>

int hm_replace_begin(struct hm_replace_file *file, const char *folder,
                     const char *name)
{
    int n = snprintf(file->path, sizeof file->path, "%s/%s", folder, name);

    if (n < 0 || (size_t)n >= sizeof file->path)
        return -ENAMETOOLONG;
    (void)snprintf(file->partial, sizeof file->partial, "%s.%ld.partial",
                   file->path, (long)getpid());
    file->out = fopen(file->partial, "we");
    return file->out == NULL ? -errno : 0;
}

int hm_replace_end(struct hm_replace_file *file, int error)
{
    errno = EIO; /* for a stream whose error was met before */
    if (ferror(file->out) != 0 && error == 0)
        error = -EIO;
    if (fclose(file->out) != 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(file->partial, file->path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(file->partial);
    return error;
}
