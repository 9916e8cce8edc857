/* SPDX-License-Identifier: MIT */
/* allocator.c -- bytes as operations on every allocator of our own, the heap
 * checked after each.
 *
 * Built twice: with a main that replays the files it is given (an ordinary
 * test), and with HM_FUZZ=ON (clang) as a libFuzzer program. */
#include "tests/conformance/allocator_model.h"

#include <stdio.h>
#include <stdlib.h>

/* The name is libFuzzer's.  NOLINTBEGIN(readability-identifier-naming) */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; hm_allocators[i] != NULL; i++)
        hm_model_replay(hm_allocators[i], bytes, size);
    return 0;
}

/* NOLINTEND(readability-identifier-naming) */

#ifndef HM_FUZZ
enum { REPLAY_BYTES_MAX = 1 << 20 };

static int replay_file(const char *path)
{
    static unsigned char bytes[REPLAY_BYTES_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL) {
        perror(path);
        return 1;
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    (void)fclose(file);
    if (size == 0) {
        fprintf(stderr, "%s: empty\n", path);
        return 1;
    }
    printf("%s: %zu bytes\n", path, size);
    return LLVMFuzzerTestOneInput(bytes, size);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (replay_file(argv[i]) != 0)
            return 1;
    }
    return 0;
}
#endif
