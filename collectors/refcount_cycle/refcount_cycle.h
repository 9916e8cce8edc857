/* SPDX-License-Identifier: MIT */
/* refcount_cycle.h -- the inlined half: that of refcount, which here also
 * notes what lost a reference and lives on. */
#ifndef HM_COLLECTORS_REFCOUNT_CYCLE_H
#define HM_COLLECTORS_REFCOUNT_CYCLE_H

#define HM_REFCOUNT_CYCLES 1
#include "collectors/refcount/refcount.h"

#endif /* HM_COLLECTORS_REFCOUNT_CYCLE_H */
