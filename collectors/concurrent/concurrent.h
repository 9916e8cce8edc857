/* SPDX-License-Identifier: MIT */
/* concurrent.h -- the inlined half is that of incremental. */
#ifndef HM_COLLECTORS_CONCURRENT_H
#define HM_COLLECTORS_CONCURRENT_H

#include "collectors/incremental/incremental.h"

#endif /* HM_COLLECTORS_CONCURRENT_H */
