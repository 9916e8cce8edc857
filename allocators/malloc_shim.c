/* SPDX-License-Identifier: MIT */
/* malloc_shim.c -- malloc(3) on top of one struct hm_allocator.
 *
 * Built once per allocator of our own, as libhm_<name>.so with
 * -DHM_SHIM_ALLOCATOR=hm_allocator_<name> and -DHM_SHIM_SOURCE naming its file,
 * which is compiled into this one so that its hooks are inlined; used by
 * LD_PRELOAD.
 *
 * Adds:    no header and no bytes of its own; a load and a comparison, and one
 *          adaptive mutex where the allocator is not
 *          HM_ALLOC_THREADED, taken from the first pthread_create on (as glibc
 *          does, a process with one thread goes without).
 * Memory:  the heap may grow to HM_HEAP_LIMIT_BYTES of the environment, else to
 *          the machine's RAM; only what is used is taken from the system.
 * Sizes:   0 is a block of its own; more than PTRDIFF_MAX is ENOMEM;
 *          realloc(p, 0) releases p and returns NULL, as glibc does.
 * Errno:   set by what fails, kept by free.
 * Fork:    the lock is held across it, so the child's heap is whole. */
#include HM_SHIM_SOURCE /* NOLINT(bugprone-suspicious-include): see above */

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

/* The C library's names are those of the symbols; in C the functions have
 * others, as stdlib.h may declare its own. */
#define SHIM_EXPORT(name) __asm__(#name) __attribute__((visibility("default")))

void *hm_malloc(size_t bytes) SHIM_EXPORT(malloc);
void hm_free(void *block) SHIM_EXPORT(free);
void *hm_calloc(size_t count, size_t bytes) SHIM_EXPORT(calloc);
void *hm_realloc(void *block, size_t bytes) SHIM_EXPORT(realloc);
void *hm_reallocarray(void *block, size_t count, size_t bytes)
    SHIM_EXPORT(reallocarray);
int hm_posix_memalign(void **result, size_t align, size_t bytes)
    SHIM_EXPORT(posix_memalign);
void *hm_aligned_alloc(size_t align, size_t bytes) SHIM_EXPORT(aligned_alloc);
void *hm_memalign(size_t align, size_t bytes) SHIM_EXPORT(memalign);
void *hm_valloc(size_t bytes) SHIM_EXPORT(valloc);
void *hm_pvalloc(size_t bytes) SHIM_EXPORT(pvalloc);
size_t hm_malloc_usable_size(void *block) SHIM_EXPORT(malloc_usable_size);

static const size_t shim_least_bytes = (size_t)1 << 20;

static pthread_mutex_t shim_lock = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static struct hm_heap *_Atomic shim_heap; /* written once, under the lock */

/* --- Start, lock, fork --- */

/* The number that the environment gives `name`, 0 without one. */
static size_t shim_number(const char *name)
{
    size_t length = strlen(name), n = 0;
    const char *digit;

    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, name, length) != 0 || (*entry)[length] != '=')
            continue;
        digit = *entry + length + 1;
        for (; *digit >= '0' && *digit <= '9' && n < PTRDIFF_MAX / 16; digit++)
            n = n * 10 + (size_t)(*digit - '0');
        return n;
    }
    return 0;
}

/* The first call may come from the dynamic loader, before any constructor ran:
 * nothing here may need one. */
static size_t shim_limit_bytes(void)
{
    size_t wanted = shim_number("HM_HEAP_LIMIT_BYTES");

    if (wanted != 0)
        return wanted;
    return (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Where the address space itself is limited, half of it, a quarter ... */
static struct hm_heap *shim_create(void)
{
    size_t limit = shim_limit_bytes();
    struct hm_heap *heap = HM_SHIM_ALLOCATOR.create(limit);

    while (heap == NULL && limit / 2 >= shim_least_bytes) {
        limit /= 2;
        heap = HM_SHIM_ALLOCATOR.create(limit);
    }
    return heap;
}

static struct hm_heap *shim_first_heap(void)
{
    (void)pthread_mutex_lock(&shim_lock);
    if (shim_heap == NULL)
        shim_heap = shim_create();
    (void)pthread_mutex_unlock(&shim_lock);
    return shim_heap;
}

/* NULL when the system has no memory at all. */
static struct hm_heap *shim_the_heap(void)
{
    struct hm_heap *heap = shim_heap;

    return __builtin_expect(heap != NULL, 1) ? heap : shim_first_heap();
}

/* Known when this is compiled. */
static inline int shim_is_threaded(void)
{
    return (HM_SHIM_ALLOCATOR.caps & HM_ALLOC_THREADED) != 0;
}

/* Whether the lock was taken: what shim_leave is told. */
static int shim_enter(void)
{
    if (shim_is_threaded() || __libc_single_threaded)
        return 0;
    (void)pthread_mutex_lock(&shim_lock);
    return 1;
}

static void shim_leave(int locked)
{
    if (locked)
        (void)pthread_mutex_unlock(&shim_lock);
}

static void shim_before_fork(void)
{
    (void)pthread_mutex_lock(&shim_lock);
    if (HM_SHIM_ALLOCATOR.freeze != NULL && shim_heap != NULL)
        HM_SHIM_ALLOCATOR.freeze(shim_heap);
}

static void shim_thaw(int is_child)
{
    if (HM_SHIM_ALLOCATOR.thaw != NULL && shim_heap != NULL)
        HM_SHIM_ALLOCATOR.thaw(shim_heap, is_child);
    (void)pthread_mutex_unlock(&shim_lock);
}

static void shim_after_fork_in_parent(void)
{
    shim_thaw(0);
}

static void shim_after_fork_in_child(void)
{
    shim_thaw(1);
}

/* pthread_atfork may allocate: the lock is not held here. */
__attribute__((constructor)) static void shim_start(void)
{
    (void)pthread_atfork(shim_before_fork, shim_after_fork_in_parent,
                         shim_after_fork_in_child);
}

/* --- What the entry points share --- */

static void *shim_fail(int error)
{
    errno = error;
    return NULL;
}

/* `align` is a power of two.  NULL and ENOMEM when the heap is full. */
static void *shim_alloc(size_t align, size_t bytes)
{
    struct hm_heap *heap = shim_the_heap();
    void *block = NULL;
    int locked;

    if (heap == NULL || bytes > PTRDIFF_MAX)
        return shim_fail(ENOMEM);
    locked = shim_enter();
    block = HM_SHIM_ALLOCATOR.alloc(
        heap, bytes == 0 ? 1 : bytes,
        align < HM_ALLOC_ALIGN ? (size_t)HM_ALLOC_ALIGN : align);
    shim_leave(locked);
    return block == NULL ? shim_fail(ENOMEM) : block;
}

static void shim_release(void *block)
{
    int error = errno;
    int locked = shim_enter();

    HM_SHIM_ALLOCATOR.release(shim_heap, block);
    shim_leave(locked);
    errno = error;
}

static size_t shim_usable(void *block)
{
    int locked = shim_enter();
    size_t bytes = HM_SHIM_ALLOCATOR.usable(shim_heap, block);

    shim_leave(locked);
    return bytes;
}

static int shim_resize(void *block, size_t bytes)
{
    int locked, done;

    if (HM_SHIM_ALLOCATOR.resize == NULL)
        return 0;
    locked = shim_enter();
    done = HM_SHIM_ALLOCATOR.resize(shim_heap, block, bytes);
    shim_leave(locked);
    return done;
}

static void *shim_move(void *block, size_t bytes)
{
    size_t had = shim_usable(block);
    void *moved = shim_alloc(1, bytes);

    if (moved == NULL)
        return NULL;
    memcpy(moved, block, had < bytes ? had : bytes);
    shim_release(block);
    return moved;
}

static void *shim_realloc(void *block, size_t bytes)
{
    if (block == NULL)
        return shim_alloc(1, bytes);
    if (bytes == 0) {
        shim_release(block);
        return NULL;
    }
    if (bytes > PTRDIFF_MAX)
        return shim_fail(ENOMEM);
    return shim_resize(block, bytes) ? block : shim_move(block, bytes);
}

static int shim_is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

static size_t shim_page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* --- malloc(3) --- */

void *hm_malloc(size_t bytes)
{
    struct hm_heap *heap = shim_heap;

    if (shim_is_threaded() && __builtin_expect(heap != NULL, 1))
        return HM_SHIM_ALLOCATOR.alloc(heap, bytes, HM_ALLOC_ALIGN);
    return shim_alloc(1, bytes);
}

void hm_free(void *block)
{
    if (__builtin_expect(block == NULL, 0))
        return;
    if (shim_is_threaded()) {
        HM_SHIM_ALLOCATOR.release(shim_heap, block);
    } else {
        shim_release(block);
    }
}

void *hm_calloc(size_t count, size_t bytes)
{
    size_t total;
    void *block;

    if (__builtin_mul_overflow(count, bytes, &total))
        return shim_fail(ENOMEM);
    block = shim_alloc(1, total);
    if (block == NULL || (HM_SHIM_ALLOCATOR.caps & HM_ALLOC_ZEROED) != 0)
        return block;
    return memset(block, 0, total);
}

void *hm_realloc(void *block, size_t bytes)
{
    return shim_realloc(block, bytes);
}

void *hm_reallocarray(void *block, size_t count, size_t bytes)
{
    size_t total;

    if (__builtin_mul_overflow(count, bytes, &total))
        return shim_fail(ENOMEM);
    return shim_realloc(block, total);
}

int hm_posix_memalign(void **result, size_t align, size_t bytes)
{
    int error = errno;
    void *block;

    if (align % sizeof(void *) != 0 || !shim_is_power_of_two(align))
        return EINVAL;
    block = shim_alloc(align, bytes);
    errno = error;
    if (block == NULL)
        return ENOMEM;
    *result = block;
    return 0;
}

void *hm_aligned_alloc(size_t align, size_t bytes)
{
    return hm_memalign(align, bytes);
}

void *hm_memalign(size_t align, size_t bytes)
{
    if (!shim_is_power_of_two(align))
        return shim_fail(EINVAL);
    return shim_alloc(align, bytes);
}

void *hm_valloc(size_t bytes)
{
    return shim_alloc(shim_page_bytes(), bytes);
}

void *hm_pvalloc(size_t bytes)
{
    size_t page = shim_page_bytes();

    if (bytes > PTRDIFF_MAX - page)
        return shim_fail(ENOMEM);
    return shim_alloc(page, bytes == 0 ? page : (bytes + page - 1) & -page);
}

size_t hm_malloc_usable_size(void *block)
{
    return block == NULL ? 0 : shim_usable(block);
}
