/* SPDX-License-Identifier: MIT */
#include "harness/campaign/library.h"

#include "harness/suggest.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The part of the header that is the same for 32 and 64 bits. */
struct library_head {
    unsigned char ident[EI_NIDENT];
    Elf64_Half type, machine;
};

static int library_head(const char *path, struct library_head *head)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return -errno;
    memset(head, 0, sizeof *head);
    got = read(fd, head, sizeof *head);
    if (got < 0) {
        int error = errno;

        close(fd);
        return -error;
    }
    close(fd);
    return 0;
}

static const char *library_machine(const struct library_head *head)
{
    static const struct {
        Elf64_Half number;
        const char *name;
    } known[] = {{EM_X86_64, "x86-64"}, {EM_386, "i386"},
                 {EM_AARCH64, "arm64"}, {EM_ARM, "arm"},
                 {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},
                 {EM_S390, "s390x"}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].number == head->machine)
            return known[i].name;
    }
    return "another kind of machine";
}

int hm_library_check(const char *path, char *why, size_t why_bytes)
{
    struct library_head head, own;
    int error = library_head(path, &head);

    if (error == 0)
        error = library_head("/proc/self/exe", &own);
    if (error != 0) {
        (void)snprintf(why, why_bytes, "%s", hm_error_text(error));
        return error;
    }
    if (memcmp(head.ident, ELFMAG, SELFMAG) != 0) {
        (void)snprintf(why, why_bytes, "it is no ELF file");
        return -ENOEXEC;
    }
    if (head.machine != own.machine ||
        memcmp(head.ident, own.ident, EI_VERSION) != 0) {
        (void)snprintf(why, why_bytes, "it is for %s, this machine is %s",
                       library_machine(&head), library_machine(&own));
        return -ENOEXEC;
    }
    if (head.type != ET_DYN) {
        (void)snprintf(why, why_bytes,
                       "it is an ELF file but no shared library");
        return -ENOEXEC;
    }
    return 0;
}
