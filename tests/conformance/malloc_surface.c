/* SPDX-License-Identifier: MIT */
/* malloc_surface.c FILE -- what malloc(3) promises, asked of whichever malloc
 * this process was started with, which must come from a file whose path has
 * FILE in it.
 *
 * Alignment below 16 bytes is the size's own, as some packaged libraries have
 * it, and errno after a refusal is not looked at, which some do not set; with
 * `strict` as second argument both are, and the functions that not every
 * library has are asked too. */
#include "common/os.h"
#include "common/rng.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int surface_strict;

/* Sizes that the compiler has no opinion about. */
static volatile size_t surface_huge = SIZE_MAX, surface_none = 0;
static volatile size_t surface_odd_align = 24;

#define EXPECT(condition) \
    ((condition) ? (void)0 : surface_fail(__func__, __LINE__, #condition))

_Noreturn static void surface_fail(const char *test, int line, const char *what)
{
    fprintf(stderr, "malloc_surface: %s, line %d: not so: %s\n", test, line,
            what);
    abort();
}

static int is_enomem(void)
{
    return errno == ENOMEM || !surface_strict;
}

/* Whether a request that cannot be met was not. */
static int is_refused(void *block)
{
    int refused = block == NULL && is_enomem();

    free(block);
    return refused;
}

static int is_aligned(const void *block, size_t align)
{
    return ((uintptr_t)block & (align - 1)) == 0;
}

static int is_filled(const unsigned char *block, int value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (block[i] != value)
            return 0;
    }
    return 1;
}

static unsigned char *filled(size_t bytes, int value)
{
    unsigned char *block = malloc(bytes);

    EXPECT(block != NULL);
    memset(block, value, bytes);
    return block;
}

/* --- One thread --- */

static void blocks_are_aligned_and_separate(void)
{
    enum { N = 3000 };

    static unsigned char *block[N];

    for (size_t i = 0; i < N; i++) {
        block[i] = filled(i + 1, (int)(i % 251));
        EXPECT(is_aligned(block[i], i + 1 >= 16 || surface_strict ? 16 : 8) ||
               i + 1 < 8);
    }
    for (size_t i = 0; i < N; i++) {
        EXPECT(is_filled(block[i], (int)(i % 251), i + 1));
        free(block[i]);
    }
}

static void no_bytes_are_a_block_of_their_own(void)
{
    /* The subject, NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    void *a = malloc(surface_none), *b = malloc(surface_none);
    void *c = calloc(surface_none, 8), *d = calloc(8, surface_none);

    EXPECT(a != NULL && b != NULL && c != NULL && d != NULL);
    EXPECT(a != b && b != c && c != d && a != c && a != d && b != d);
    free(a);
    free(b);
    free(c);
    free(d);
    free(NULL);
}

static void calloc_clears_used_memory(void)
{
    for (size_t bytes = 1; bytes <= (size_t)8 << 20; bytes = bytes * 3 + 1) {
        unsigned char *block[4];

        for (int i = 0; i < 4; i++)
            block[i] = filled(bytes, 0xFF);
        for (int i = 0; i < 4; i++)
            free(block[i]);
        for (int i = 0; i < 4; i++) {
            block[i] = calloc(1, bytes);
            EXPECT(block[i] != NULL && is_filled(block[i], 0, bytes));
        }
        for (int i = 0; i < 4; i++)
            free(block[i]);
    }
}

static void impossible_sizes_fail_with_enomem(void)
{
    size_t huge = surface_huge;
    size_t sizes[] = {huge, huge - 4096, huge / 2 + 1, huge / 2};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        errno = 0;
        EXPECT(is_refused(malloc(sizes[i])));
        errno = 0;
        EXPECT(is_refused(calloc(1, sizes[i])));
    }
    errno = 0;
    EXPECT(is_refused(calloc(huge / 2, 3)));
    errno = 0;
    EXPECT(is_refused(calloc(huge / 16 + 2, 16)));
}

static void realloc_keeps_contents(void)
{
    unsigned char *block = realloc(NULL, 1);
    size_t had = 1;

    EXPECT(block != NULL);
    block[0] = 7;
    for (size_t bytes = 2; bytes < (size_t)4 << 20; bytes = bytes * 5 / 3 + 1) {
        block = realloc(block, bytes);
        EXPECT(block != NULL && is_filled(block, 7, had));
        memset(block, 7, bytes);
        had = bytes;
    }
    for (size_t bytes = had; bytes > 0; bytes /= 3) {
        block = realloc(block, bytes);
        EXPECT(block != NULL && is_filled(block, 7, bytes));
    }
    free(block);
}

static void realloc_that_fails_leaves_the_block(void)
{
    unsigned char *block = filled(1000, 9), *moved;

    errno = 0;
    moved = realloc(block, surface_huge - 100);
    EXPECT(moved == NULL && is_enomem());
    errno = 0;
    moved = reallocarray(block, surface_huge / 4, 8);
    EXPECT(moved == NULL && is_enomem());
    EXPECT(is_filled(block, 9, 1000));
    block = reallocarray(block, 300, 10);
    EXPECT(block != NULL && is_filled(block, 9, 1000));
    free(block);
}

/* Each pin is above the block, which so has to move. */
static void realloc_keeps_contents_when_it_moves(void)
{
    enum { N = 40 };

    unsigned char *pin[N], *block = filled(20, 5);
    size_t bytes = 20;

    for (int i = 0; i < N; i++) {
        pin[i] = filled(500, 6);
        block = realloc(block, bytes * 5 / 4);
        EXPECT(block != NULL && is_filled(block, 5, bytes));
        bytes = bytes * 5 / 4;
        memset(block, 5, bytes);
    }
    for (int i = 0; i < N; i++) {
        EXPECT(is_filled(pin[i], 6, 500));
        free(pin[i]);
    }
    free(block);
}

static int memory_is_used_again(void)
{
    enum { N = 100 };

    void *block = malloc(5000), *first = block;

    for (int i = 0; i < N; i++) {
        free(block);
        block = malloc(5000);
        if (block == first)
            break;
    }
    free(block);
    return block == first;
}

/* Takes eight neighbours, moves them and drops them. */
static void move_eight(void)
{
    enum { N = 8 };

    void *block[N];

    for (int i = 0; i < N; i++) {
        block[i] = malloc(1000);
        EXPECT(block[i] != NULL);
    }
    for (int i = 0; i < N; i++) {
        block[i] = realloc(block[i], 2000);
        EXPECT(block[i] != NULL);
    }
    for (int i = 0; i < N; i++)
        free(realloc(block[i], surface_none));
}

/* More than the limit that the test sets (1 GB) is moved, and twice as much
 * dropped: a heap that kept either would be full. */
static void realloc_releases_what_it_leaves(void)
{
    if (!surface_strict || !memory_is_used_again())
        return;
    for (int i = 0; i < 200000; i++)
        move_eight();
}

static void usable_size_may_be_used(void)
{
    enum { N = 500 };

    static unsigned char *block[N];

    EXPECT(malloc_usable_size(NULL) == 0);
    for (size_t i = 0; i < N; i++) {
        block[i] = malloc(i * 7 + 1);
        EXPECT(block[i] != NULL);
        EXPECT(malloc_usable_size(block[i]) >= i * 7 + 1);
        memset(block[i], (int)(i % 251), malloc_usable_size(block[i]));
    }
    for (size_t i = 0; i < N; i++) {
        EXPECT(
            is_filled(block[i], (int)(i % 251), malloc_usable_size(block[i])));
        free(block[i]);
    }
}

/* C11 wanted multiples of the alignment from aligned_alloc, and scudo insists
 * on them; sizes that are none are asked for all the same, because mimalloc
 * 2.0.9 misaligns those that are (its issue 700). */
static int may_refuse(size_t align, size_t bytes)
{
    return !surface_strict && bytes % align != 0 && errno == EINVAL;
}

static void check_alignment(size_t align, size_t bytes)
{
    void *a = NULL, *b = aligned_alloc(align, bytes);
    void *c;

    if (b == NULL && may_refuse(align, bytes))
        b = memalign(align, bytes);
    c = memalign(align, bytes);
    EXPECT(posix_memalign(&a, align, bytes) == 0);
    EXPECT(a != NULL && b != NULL && c != NULL);
    EXPECT(is_aligned(a, align) && is_aligned(b, align));
    EXPECT(is_aligned(c, align));
    memset(a, 1, bytes);
    memset(b, 2, bytes);
    memset(c, 3, bytes);
    EXPECT(is_filled(a, 1, bytes) && is_filled(b, 2, bytes));
    free(a);
    free(b);
    a = realloc(c, bytes + 100);
    EXPECT(a != NULL && is_filled(a, 3, bytes));
    free(a);
}

static void alignment_is_as_asked(void)
{
    for (size_t align = sizeof(void *); align <= (size_t)1 << 21; align *= 2) {
        for (size_t bytes = 1; bytes < 100000; bytes = bytes * 11 + 5)
            check_alignment(align, bytes);
    }
}

static void posix_memalign_refuses_by_its_result(void)
{
    static const size_t bad[] = {0, 1, 2, 3, 4, 12, 24, 48, 4097};
    int mark;
    void *result;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        result = &mark;
        errno = E2BIG;
        EXPECT(posix_memalign(&result, bad[i], 100) == EINVAL);
        EXPECT(errno == E2BIG);
        EXPECT(result == &mark || !surface_strict);
    }
    EXPECT(posix_memalign(&result, 64, surface_huge - 64) == ENOMEM);
    EXPECT(errno == E2BIG || !surface_strict);
}

static void free_keeps_errno(void)
{
    for (size_t bytes = 1; bytes < (size_t)64 << 20; bytes *= 4) {
        void *block = filled(bytes, 1);

        errno = E2BIG;
        free(block);
        EXPECT(errno == E2BIG);
    }
}

static void page_functions_give_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *a, *b, *c;

    if (!surface_strict)
        return;
    a = valloc(100); /* NOLINT(concurrency-mt-unsafe): one thread so far */
    b = pvalloc(100);
    c = pvalloc(0);
    EXPECT(a != NULL && b != NULL && c != NULL);
    EXPECT(is_aligned(a, page) && is_aligned(b, page) && is_aligned(c, page));
    EXPECT(malloc_usable_size(b) >= page);
    errno = 0;
    EXPECT(is_refused(pvalloc(surface_huge - 10)));
    errno = 0;
    EXPECT(aligned_alloc(surface_odd_align, 100) == NULL);
    EXPECT(errno == EINVAL);
    free(a);
    free(b);
    free(c);
}

/* The C library allocates inside itself, we release: one malloc for both. */
static void the_c_library_uses_the_same_malloc(void)
{
    char *copy = strdup("taken inside the C library"), *text = NULL;

    EXPECT(copy != NULL);
    free(copy);
    EXPECT(asprintf(&text, "%s %d", "formatted", 12345) > 0);
    EXPECT(malloc_usable_size(text) >= 16);
    free(text);
}

/* --- Threads --- */

enum { SURFACE_THREADS = 8, SURFACE_SLOTS = 512, SURFACE_STEPS = 20000 };

/* The first word of a block is its size; every later byte the size's low one.
 * Whoever takes a block out of its slot owns it. */
static size_t *_Atomic surface_slot[SURFACE_SLOTS];

static size_t *surface_make(struct hm_rng *rng)
{
    size_t bytes = 16u << hm_rng_below(rng, 8);
    size_t *block;

    bytes += hm_rng_next(rng) % bytes;
    block = malloc(bytes);
    EXPECT(block != NULL);
    memset(block, (int)(bytes & 0xFF), bytes);
    *block = bytes;
    return block;
}

static void surface_drop(size_t *block)
{
    if (block == NULL)
        return;
    EXPECT(is_filled((unsigned char *)(block + 1), (int)(*block & 0xFF),
                     *block - sizeof(*block)));
    free(block);
}

static void *surface_swap(void *argument)
{
    struct hm_rng rng;

    hm_rng_seed(&rng, *(const uint32_t *)argument);
    for (int i = 0; i < SURFACE_STEPS; i++) {
        size_t slot = hm_rng_below(&rng, SURFACE_SLOTS);

        surface_drop(atomic_exchange(&surface_slot[slot], surface_make(&rng)));
    }
    return NULL;
}

static void start_threads(pthread_t *thread, uint32_t *seed)
{
    for (uint32_t i = 0; i < SURFACE_THREADS; i++) {
        seed[i] = i + 1;
        EXPECT(pthread_create(&thread[i], NULL, surface_swap, &seed[i]) == 0);
    }
}

static void finish_threads(const pthread_t *thread)
{
    for (int i = 0; i < SURFACE_THREADS; i++)
        EXPECT(pthread_join(thread[i], NULL) == 0);
    for (int i = 0; i < SURFACE_SLOTS; i++)
        surface_drop(atomic_exchange(&surface_slot[i], NULL));
}

static void threads_may_release_each_others_blocks(void)
{
    pthread_t thread[SURFACE_THREADS];
    uint32_t seed[SURFACE_THREADS];

    start_threads(thread, seed);
    finish_threads(thread);
}

static void a_child_of_fork_may_allocate(void)
{
    pthread_t thread[SURFACE_THREADS];
    uint32_t seed[SURFACE_THREADS];

    start_threads(thread, seed);
    for (int i = 0; i < 20; i++) {
        int status;
        pid_t child = fork();

        EXPECT(child >= 0);
        if (child == 0) {
            (void)alarm(20);
            for (size_t bytes = 1; bytes < 1000000; bytes *= 2)
                free(filled(bytes, 1));
            _exit(0);
        }
        EXPECT(waitpid(child, &status, 0) == child);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    finish_threads(thread);
}

/* Under another malloc than the one meant, every test would say nothing. */
static int is_from(const char *wanted)
{
    char path[4096];
    void *address = dlsym(RTLD_DEFAULT, "malloc");

    EXPECT(hm_os_file_of(address, path, sizeof(path)) == 0);
    if (strstr(path, wanted) != NULL)
        return 1;
    fprintf(stderr, "malloc_surface: malloc is from %s, not %s\n", path,
            wanted);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE [strict]\n", argv[0]);
        return 2;
    }
    surface_strict = argc > 2;
    if (!is_from(argv[1]))
        return 1;
    blocks_are_aligned_and_separate();
    no_bytes_are_a_block_of_their_own();
    calloc_clears_used_memory();
    impossible_sizes_fail_with_enomem();
    realloc_keeps_contents();
    realloc_that_fails_leaves_the_block();
    realloc_keeps_contents_when_it_moves();
    realloc_releases_what_it_leaves();
    usable_size_may_be_used();
    alignment_is_as_asked();
    posix_memalign_refuses_by_its_result();
    free_keeps_errno();
    page_functions_give_pages();
    the_c_library_uses_the_same_malloc();
    threads_may_release_each_others_blocks();
    a_child_of_fork_may_allocate();
    return 0;
}
