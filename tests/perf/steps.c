/* SPDX-License-Identifier: MIT */
/* steps.c -- the instructions of each single operation of an own allocator.
 *
 * The program starts itself under valgrind's `lackey`, which names every
 * instruction and every store in a pipe: a fixed random trace on a populated
 * heap, in which a store to a mark begins an operation and another ends it.
 * Exact, and the same on every run of the same program; what the kernel does
 * is not in it.
 *
 *     heapmark-steps [-b BOUND] [-n OPS] ALLOCATOR...
 *
 * prints p50, p99, p99.99 and the largest for alloc and release; percentiles
 * with fewer than 10 samples beyond them are left out.  With a bound, exits 1
 * when an operation took more than BOUND times the median of its kind, and 77
 * where there is no valgrind. */
#include "allocators/allocator.h"
#include "common/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SLOTS = 4096,
    WARM_OPS = 4 * SLOTS, /* pairs before the count, to make holes */
    LEAST_LOG2 = 4,       /* sizes: a power of two, and evenly up to twice */
    MOST_LOG2 = 14,       /* that */
    OPS = 100000,         /* of each kind: 10 lie beyond p99.99 */
    NO_VALGRIND = 77,
};

enum kind { NOTHING, ALLOC, RELEASE, KINDS };

struct count {
    uint32_t *step;
    size_t n;
};

static volatile unsigned char mark[KINDS]; /* storing to one is the sign */
static unsigned char *slots[SLOTS];
static struct hm_rng rng;

/* --- The trace, under valgrind --------------------------------------------*/

static size_t random_bytes(void)
{
    size_t power = (size_t)1
                   << (LEAST_LOG2 + hm_rng_below(&rng, MOST_LOG2 - LEAST_LOG2));

    return power + hm_rng_below(&rng, (uint32_t)power);
}

/* Frees a random block, allocates another in its place. */
static int do_pair(const struct hm_allocator *allocator, struct hm_heap *heap,
                   int marked)
{
    unsigned char **slot = &slots[hm_rng_below(&rng, SLOTS)];
    size_t bytes = random_bytes();
    void (*release)(struct hm_heap *, void *) = allocator->release;
    void *(*alloc)(struct hm_heap *, size_t, size_t) = allocator->alloc;

    mark[marked ? RELEASE : NOTHING] = 0;
    release(heap, *slot);
    mark[NOTHING] = 0;
    mark[marked ? ALLOC : NOTHING] = 0;
    *slot = alloc(heap, bytes, HM_ALLOC_ALIGN);
    mark[NOTHING] = 0;
    return *slot != NULL;
}

/* Fills all slots first, so that each pair has a block to release. */
static int run_trace(const struct hm_allocator *allocator, size_t ops)
{
    struct hm_heap *heap = allocator->create((size_t)1 << 30);
    int done = heap != NULL;

    hm_rng_seed(&rng, 12345);
    for (size_t i = 0; i < SLOTS && done; i++) {
        slots[i] = allocator->alloc(heap, random_bytes(), HM_ALLOC_ALIGN);
        done = slots[i] != NULL;
    }
    for (unsigned i = 0; i < WARM_OPS && done; i++)
        done = do_pair(allocator, heap, 0);
    for (size_t i = 0; i < ops && done; i++)
        done = do_pair(allocator, heap, 1);
    return done ? 0 : 2;
}

/* --- The count ------------------------------------------------------------*/

/* What the traced program said first: where its marks are. */
static uintptr_t marks_at;

static void read_line(const char *line, struct count *count, size_t ops)
{
    static int kind = NOTHING;
    static uint32_t steps;
    uintptr_t at;

    if (line[0] == 'I') {
        steps++;
        return;
    }
    if (line[1] != 'S')
        return;
    at = (uintptr_t)strtoull(line + 3, NULL, 16) - marks_at;
    if (at >= KINDS)
        return;
    if (kind != NOTHING && count[kind].n < ops)
        count[kind].step[count[kind].n++] = steps;
    kind = (int)at;
    steps = 0;
}

static void read_trace(FILE *trace, struct count *count, size_t ops)
{
    char line[256];

    while (fgets(line, sizeof line, trace) != NULL) {
        if (line[0] == 'I' || line[0] == ' ') {
            if (marks_at != 0)
                read_line(line, count, ops);
        } else if (strncmp(line, "marks ", 6) == 0) {
            marks_at = (uintptr_t)strtoull(line + 6, NULL, 16);
        }
    }
}

/* The child: the program itself under valgrind, whose log and own output both
 * go into the pipe. */
static void start_trace(const int *ends, const char *name, size_t ops)
{
    char text[32], self[4096] = "";

    /* By its name: in there /proc/self is valgrind. */
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        _exit(2);
    (void)snprintf(text, sizeof text, "%zu", ops);
    (void)dup2(ends[1], STDOUT_FILENO);
    (void)execlp("valgrind", "valgrind", "--tool=lackey", "--trace-mem=yes",
                 "--log-fd=1", self, "-t", "-n", text, name, (char *)NULL);
    _exit(NO_VALGRIND);
}

/* Returns the exit status of the trace. */
static int count_steps(const char *name, struct count *count, size_t ops)
{
    int ends[2], status = 0;
    FILE *trace;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0)
        return 2;
    if (child == 0)
        start_trace(ends, name, ops);
    (void)close(ends[1]);
    trace = fdopen(ends[0], "r");
    if (trace == NULL)
        abort();
    marks_at = 0;
    read_trace(trace, count, ops);
    (void)fclose(trace);
    (void)waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static int compare_steps(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* In ten thousandths; the largest that so many are not above. */
static uint32_t percentile(const struct count *count, size_t share)
{
    return count->step[(count->n * share + 9999) / 10000 - 1];
}

static void print_percentile(const struct count *count, size_t share)
{
    if (count->n * (10000 - share) >= 10 * (size_t)10000) {
        printf(" %8" PRIu32, percentile(count, share));
    } else {
        printf(" %8s", "-");
    }
}

static double print_kind(const char *name, const char *kind,
                         struct count *count)
{
    double most;

    qsort(count->step, count->n, sizeof *count->step, compare_steps);
    most = (double)count->step[count->n - 1] / percentile(count, 5000);
    printf("%-12s %-8s %8zu", name, kind, count->n);
    print_percentile(count, 5000);
    print_percentile(count, 9900);
    print_percentile(count, 9999);
    printf(" %8" PRIu32 " %8.2f\n", count->step[count->n - 1], most);
    return most;
}

static const struct hm_allocator *find(const char *name)
{
    for (size_t i = 0; hm_allocators[i] != NULL; i++) {
        if (strcmp(hm_allocators[i]->name, name) == 0)
            return hm_allocators[i];
    }
    fprintf(stderr, "heapmark-steps: no allocator of our own is '%s'\n", name);
    exit(2); /* NOLINT(concurrency-mt-unsafe): one thread */
}

/* Counts one allocator; *most becomes the largest part of a median. */
static int measure(const struct hm_allocator *allocator, size_t ops,
                   double *most)
{
    struct count count[KINDS] = {0};
    int error;

    for (int k = ALLOC; k < KINDS; k++) {
        count[k].step = malloc(ops * sizeof *count[k].step);
        if (count[k].step == NULL)
            abort();
    }
    error = count_steps(allocator->name, count, ops);
    if (error == 0 && (count[ALLOC].n != ops || count[RELEASE].n != ops))
        error = 2;
    if (error == 0) {
        double alloc = print_kind(allocator->name, "alloc", &count[ALLOC]);
        double release =
            print_kind(allocator->name, "release", &count[RELEASE]);

        *most = alloc > release ? alloc : release;
    } else {
        fprintf(stderr, "heapmark-steps: %s: %s\n", allocator->name,
                error == NO_VALGRIND
                    ? "valgrind is not in PATH; install the package valgrind"
                    : "the trace did not come to its end");
    }
    for (int k = ALLOC; k < KINDS; k++)
        free(count[k].step);
    return error;
}

static int measure_all(char **names, size_t ops, double bound)
{
    int error = 0, exceeded = 0;

    printf("%-12s %-8s %8s %8s %8s %8s %8s %8s\n", "allocator", "kind", "ops",
           "p50", "p99", "p99.99", "max", "max/p50");
    for (; *names != NULL && error == 0; names++) {
        double most = 0;

        (void)fflush(stdout);
        error = measure(find(*names), ops, &most);
        if (error == 0 && bound > 0 && most > bound) {
            printf("%s: more than %g times the median\n", *names, bound);
            exceeded = 1;
        }
    }
    return error != 0 ? error : exceeded;
}

int main(int argc, char **argv)
{
    double bound = 0;
    size_t ops = OPS;
    int option, traced = 0;

    while ((option = getopt(argc, argv, "b:n:t")) != -1) {
        if (option == 'b') {
            bound = strtod(optarg, NULL);
        } else if (option == 'n') {
            ops = strtoul(optarg, NULL, 10);
        } else if (option == 't') {
            traced = 1;
        } else {
            return 2;
        }
    }
    if (ops == 0 || optind == argc) {
        (void)fputs("usage: heapmark-steps [-b BOUND] [-n OPS] ALLOCATOR...\n",
                    stderr);
        return 2;
    }
    if (!traced)
        return measure_all(argv + optind, ops, bound);
    printf("marks %p\n", (volatile void *)mark);
    (void)fflush(stdout);
    return run_trace(find(argv[optind]), ops);
}
