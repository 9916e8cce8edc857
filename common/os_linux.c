/* SPDX-License-Identifier: MIT */
#include "common/os.h"

#include "common/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The first bytes of a small /proc file as a string; 0 or -errno. */
static int os_read_start(const char *path, char *text, size_t text_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, text, text_bytes - 1);
    (void)close(fd);
    if (n < 0)
        return -EIO;
    text[n] = '\0';
    return 0;
}

uint64_t hm_os_rss_bytes(pid_t pid)
{
    char path[48], text[128], *resident;

    if (pid == 0) {
        (void)snprintf(path, sizeof(path), "/proc/self/statm");
    } else {
        (void)snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
    }
    if (os_read_start(path, text, sizeof(text)) != 0)
        return 0;
    resident = strchr(text, ' ');
    if (resident == NULL)
        return 0;
    return strtoull(resident + 1, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The number after `key` in "Key:   123 kB" lines, in bytes; 0 if absent. */
static uint64_t os_kib_of(const char *text, const char *key)
{
    const char *found = strstr(text, key);

    return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10) * 1024;
}

static uint64_t os_kib_field(const char *path, const char *key)
{
    char text[4096];

    return os_read_start(path, text, sizeof(text)) == 0 ? os_kib_of(text, key)
                                                        : 0;
}

uint64_t hm_os_rss_held_bytes(void)
{
    char text[4096];

    if (os_read_start("/proc/self/smaps_rollup", text, sizeof(text)) != 0)
        return hm_os_rss_bytes(0);
    return os_kib_of(text, "\nRss:") - os_kib_of(text, "\nLazyFree:");
}

uint64_t hm_os_rss_peak_bytes(void)
{
    return os_kib_field("/proc/self/status", "VmHWM:");
}

uint64_t hm_os_ram_bytes(void)
{
    return os_kib_field("/proc/meminfo", "MemTotal:");
}

/* One line of /proc/self/maps: 1 and the path when it covers `address`. */
static int os_maps_line(char *line, uintptr_t address, char *path,
                        size_t path_bytes)
{
    char *rest;
    unsigned long long low = strtoull(line, &rest, 16), high;
    const char *file = strchr(line, '/');

    if (*rest != '-')
        return 0;
    high = strtoull(rest + 1, NULL, 16);
    if (address < low || address >= high)
        return 0;
    (void)snprintf(path, path_bytes, "%s", file == NULL ? "" : file);
    return 1;
}

/* Splits what is in `text` into lines; returns 1 when one matched.  `*used` is
 * the start of an unfinished last line. */
static int os_maps_lines(char *text, size_t bytes, uintptr_t address,
                         char *path, size_t path_bytes, size_t *used)
{
    char *line = text, *end;

    while ((end = memchr(line, '\n', bytes - (size_t)(line - text))) != NULL) {
        *end = '\0';
        if (os_maps_line(line, address, path, path_bytes))
            return 1;
        line = end + 1;
    }
    *used = (size_t)(line - text);
    return 0;
}

int hm_os_file_of(const void *address, char *path, size_t path_bytes)
{
    char text[8192];
    size_t have = 0, used;
    int found = 0, fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    HM_CHECK(path_bytes > 0);
    path[0] = '\0';
    if (fd < 0)
        return -errno;
    while (!found && (n = read(fd, text + have, sizeof(text) - have)) > 0) {
        have += (size_t)n;
        found = os_maps_lines(text, have, (uintptr_t)address, path, path_bytes,
                              &used);
        if (!found) {
            have -= used;
            memmove(text, text + used, have);
        }
    }
    (void)close(fd);
    return found ? 0 : -ENOENT;
}

void hm_os_sleep_exactly(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
}
