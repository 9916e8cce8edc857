/* SPDX-License-Identifier: MIT */
/* capture.h -- what a short program prints. */
#ifndef HM_HARNESS_CAPTURE_H
#define HM_HARNESS_CAPTURE_H

#include "harness/pool.h"

enum {
    HM_CAPTURE_SECONDS = 10, /* enough for a question */
    HM_CAPTURE_MAX_BYTES = 1 << 20,
};

/* Runs argv[0] (a path, or a name to look up when it has no slash) with the
 * given environment, /dev/null as input, and collects its standard output
 * (with `errors`: its standard error instead).
 * Returns its exit status and the text in *out; or a negative errno when it
 * could not be started, ETIMEDOUT after so many seconds, EOVERFLOW for
 * more than HM_CAPTURE_MAX_BYTES, EINTR when it died by a signal. */
int hm_capture(struct hm_pool *pool, const char *const *argv,
               const char *const *env, bool errors, unsigned seconds,
               char **out);

/* The environment that every program of ours gets: PATH, HOME and TMPDIR as
 * they are here, LANG=C.UTF-8, and nothing else.  NULL-ended, followed by
 * `extra` (NULL-ended or NULL). */
const char *const *hm_clean_environment(struct hm_pool *pool,
                                        const char *const *extra);

#endif /* HM_HARNESS_CAPTURE_H */
