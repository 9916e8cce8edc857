/* SPDX-License-Identifier: MIT */
/* bdwgc_incremental.h -- the inlined half is that of bdwgc. */
#ifndef HM_COLLECTORS_BDWGC_INCREMENTAL_H
#define HM_COLLECTORS_BDWGC_INCREMENTAL_H

#define HM_BDWGC_INCREMENTAL 1
#include "collectors/bdwgc/bdwgc.h"

#endif /* HM_COLLECTORS_BDWGC_INCREMENTAL_H */
