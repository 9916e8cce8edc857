/* SPDX-License-Identifier: MIT */
/* manual_roots.h -- manual memory whose frames are registered as those of a
 * precise collector are, and never looked at. */
#ifndef HM_COLLECTORS_MANUAL_ROOTS_H
#define HM_COLLECTORS_MANUAL_ROOTS_H

#define HM_MANUAL_FRAMES 1
#include "collectors/manual/manual.h"

#endif /* HM_COLLECTORS_MANUAL_ROOTS_H */
