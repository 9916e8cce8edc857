/* SPDX-License-Identifier: MIT */
#include "harness/campaign/library.h"

#include "harness/suggest.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

/* A file in memory. */
struct library_image {
    void *at;
    size_t bytes;
};

static int library_map(const char *path, struct library_image *image)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
    struct stat status;
    void *at = MAP_FAILED;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &status) != 0) {
        error = -errno;
    } else if (!S_ISREG(status.st_mode) || status.st_size == 0) {
        error = -ENOEXEC;
    } else {
        image->bytes = (size_t)status.st_size;
        at = mmap(NULL, image->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        error = at == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    image->at = at;
    return error;
}

/* Copies a structure of the file; false when it is not all there. */
static bool library_copy(const struct library_image *image, size_t offset,
                         void *structure, size_t bytes)
{
    if (offset > image->bytes || image->bytes - offset < bytes)
        return false;
    memcpy(structure, (const unsigned char *)image->at + offset, bytes);
    return true;
}

/* Notes are padded to words of 4 bytes. */
static size_t library_padded(size_t bytes)
{
    return (bytes + 3) & ~(size_t)3;
}

static void library_hex(const unsigned char *byte, size_t n, char *id)
{
    static const char digit[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *id++ = digit[byte[i] >> 4];
        *id++ = digit[byte[i] & 15];
    }
    *id = '\0';
}

/* Looks for the id among the notes of one segment. */
static int library_find_id(const struct library_image *image, size_t offset,
                           size_t end, char *id)
{
    static const char owner[] = "GNU";
    ElfW(Nhdr) note;

    while (offset < end && library_copy(image, offset, &note, sizeof note)) {
        size_t name = offset + sizeof note;
        size_t content = name + library_padded(note.n_namesz);
        char text[sizeof owner];

        offset = content + library_padded(note.n_descsz);
        if (offset > image->bytes)
            return -ENOEXEC;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof owner &&
            note.n_descsz <= (HM_LIBRARY_ID_BYTES - 1) / 2 &&
            library_copy(image, name, text, sizeof text) &&
            memcmp(text, owner, sizeof owner) == 0) {
            library_hex((const unsigned char *)image->at + content,
                        note.n_descsz, id);
            return 0;
        }
    }
    return -ENOENT;
}

static int library_find_notes(const struct library_image *image, char *id)
{
    ElfW(Ehdr) head;
    int error = -ENOENT;

    if (!library_copy(image, 0, &head, sizeof head) ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_phentsize != sizeof(ElfW(Phdr)))
        return -ENOEXEC;
    for (size_t i = 0; i < head.e_phnum && error == -ENOENT; i++) {
        ElfW(Phdr) segment;

        if (!library_copy(image, head.e_phoff + i * sizeof segment, &segment,
                          sizeof segment))
            return -ENOEXEC;
        if (segment.p_type == PT_NOTE) {
            error = library_find_id(image, segment.p_offset,
                                    segment.p_offset + segment.p_filesz, id);
        }
    }
    return error;
}

int hm_library_build_id(const char *path, char id[HM_LIBRARY_ID_BYTES])
{
    struct library_image image = {NULL, 0};
    int error = library_map(path, &image);

    id[0] = '\0';
    if (error != 0)
        return error;
    error = library_find_notes(&image, id);
    (void)munmap(image.at, image.bytes);
    return error;
}
