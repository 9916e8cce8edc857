/* SPDX-License-Identifier: MIT */
/* sticky_immix.h -- the inlined half: that of immix, with a barrier in hm_store
 * that remembers old objects. */
#ifndef HM_COLLECTORS_STICKY_IMMIX_H
#define HM_COLLECTORS_STICKY_IMMIX_H

#define HM_IMMIX_STICKY 1
#include "collectors/immix/immix.h"

#endif /* HM_COLLECTORS_STICKY_IMMIX_H */
