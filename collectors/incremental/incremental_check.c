/* SPDX-License-Identifier: MIT */
/* incremental_check.c -- the heap checker. */
#include "collectors/incremental/incremental_heap.h"

static int check_is_marked(const void *arg, hm_ref o)
{
    const struct hm_gc *gc = arg;

    return hm_segregated_is_object(&gc->space, o) &&
           hm_snapshot_has(&gc->snapshot, o);
}

static const char *check_trace(struct hm_gc *gc, uint64_t *bytes,
                               int (*is_object)(const void *, hm_ref),
                               const void *arg)
{
    struct hm_verify verify = {.roots = &gc->heap.roots,
                               .weak = &gc->heap.weak,
                               .is_object = is_object,
                               .heap = arg};
    const char *wrong = hm_verify_trace(&verify);

    *bytes = verify.reachable_bytes;
    return wrong;
}

const char *hm_incremental_check_marked(struct hm_gc *gc)
{
    uint64_t bytes;
    const char *wrong =
        check_trace(gc, &bytes, hm_segregated_is_object, &gc->space);

    if (wrong == NULL && check_trace(gc, &bytes, check_is_marked, gc) != NULL)
        wrong = "incremental: a reachable object has not been marked";
    return wrong;
}

const char *hm_incremental_check(struct hm_gc *gc, uint64_t *bytes)
{
    const char *wrong = hm_segregated_check(&gc->space);

    if (wrong == NULL)
        wrong = check_trace(gc, bytes, hm_segregated_is_object, &gc->space);
    if (wrong == NULL && gc->phase == INCREMENTAL_IDLE &&
        gc->heap.live_bytes + gc->heap.since_bytes < *bytes)
        wrong = "incremental: more is reachable than was found and allocated";
    return wrong;
}
