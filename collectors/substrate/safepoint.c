/* SPDX-License-Identifier: MIT */
#include "collectors/substrate/safepoint.h"

void hm_safepoint_open(struct hm_safepoint *sp)
{
    *sp = (struct hm_safepoint){0};
    HM_CHECK(pthread_mutex_init(&sp->lock, NULL) == 0);
    HM_CHECK(pthread_cond_init(&sp->parked, NULL) == 0);
    HM_CHECK(pthread_cond_init(&sp->resumed, NULL) == 0);
}

void hm_safepoint_close(struct hm_safepoint *sp)
{
    HM_CHECK(sp->running == 0);
    (void)pthread_cond_destroy(&sp->resumed);
    (void)pthread_cond_destroy(&sp->parked);
    (void)pthread_mutex_destroy(&sp->lock);
}

static void safepoint_lock(struct hm_safepoint *sp)
{
    HM_CHECK(pthread_mutex_lock(&sp->lock) == 0);
}

static void safepoint_unlock(struct hm_safepoint *sp)
{
    HM_CHECK(pthread_mutex_unlock(&sp->lock) == 0);
}

static int safepoint_is_raised(struct hm_safepoint *sp)
{
    return atomic_load_explicit(&sp->stop, memory_order_relaxed);
}

/* Locked: until nobody has or wants the world stopped. */
static void safepoint_wait_resumed(struct hm_safepoint *sp)
{
    while (safepoint_is_raised(sp))
        HM_CHECK(pthread_cond_wait(&sp->resumed, &sp->lock) == 0);
}

/* Locked: no longer counts among those that run. */
static void safepoint_park(struct hm_safepoint *sp)
{
    HM_ASSERT(sp->running > 0);
    sp->running--;
    HM_CHECK(pthread_cond_signal(&sp->parked) == 0);
}

/* Locked: raises the flag and waits until only `others` mutators run. */
static void safepoint_stop_but(struct hm_safepoint *sp, unsigned others)
{
    atomic_store_explicit(&sp->stop, 1, memory_order_relaxed);
    while (sp->running > others)
        HM_CHECK(pthread_cond_wait(&sp->parked, &sp->lock) == 0);
}

void hm_safepoint_join(struct hm_safepoint *sp)
{
    safepoint_lock(sp);
    safepoint_wait_resumed(sp);
    if (!sp->is_shared)
        safepoint_stop_but(sp, 0);
    sp->running++;
}

void hm_safepoint_joined(struct hm_safepoint *sp, int is_shared)
{
    if (is_shared) /* with the world stopped: others read it at any time */
        sp->is_shared = 1;
    hm_safepoint_resume(sp);
    safepoint_unlock(sp);
}

void hm_safepoint_quit(struct hm_safepoint *sp)
{
    if (!sp->is_shared)
        safepoint_lock(sp);
    safepoint_park(sp);
    safepoint_unlock(sp);
}

void hm_safepoint_enter_slow(struct hm_safepoint *sp)
{
    safepoint_lock(sp);
    if (safepoint_is_raised(sp)) {
        safepoint_park(sp);
        safepoint_wait_resumed(sp);
        sp->running++;
    }
    if (!sp->is_shared)
        safepoint_unlock(sp);
}

void hm_safepoint_leave_slow(struct hm_safepoint *sp)
{
    safepoint_unlock(sp);
}

void hm_safepoint_stop(struct hm_safepoint *sp)
{
    if (sp->is_shared)
        safepoint_stop_but(sp, 1);
}

void hm_safepoint_resume(struct hm_safepoint *sp)
{
    if (!safepoint_is_raised(sp))
        return;
    atomic_store_explicit(&sp->stop, 0, memory_order_relaxed);
    HM_CHECK(pthread_cond_broadcast(&sp->resumed) == 0);
}

void hm_safepoint_block(struct hm_safepoint *sp)
{
    safepoint_lock(sp);
    safepoint_park(sp);
    safepoint_unlock(sp);
}

void hm_safepoint_unblock(struct hm_safepoint *sp)
{
    safepoint_lock(sp);
    safepoint_wait_resumed(sp);
    sp->running++;
    safepoint_unlock(sp);
}
