/* SPDX-License-Identifier: MIT */
#include "common/pause_log.h"

#include "common/check.h"

void hm_pause_log_init(struct hm_pause_log *log)
{
    hm_hist_init(&log->lengths);
    log->total_ns = 0;
    log->n_listed = 0;
}

const char *hm_pause_kind_name(enum hm_pause_kind kind)
{
    static const char *const name[] = {
#define PAUSE_NAME(id) #id,
        HM_PAUSE_KINDS(PAUSE_NAME)
#undef PAUSE_NAME
    };

    HM_CHECK(kind < HM_PAUSE_KINDS_END);
    return name[kind];
}
