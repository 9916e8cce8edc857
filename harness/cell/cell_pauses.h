/* SPDX-License-Identifier: MIT */
/* cell_pauses.h -- the lines of a record that tell of pauses. */
#ifndef HM_HARNESS_CELL_PAUSES_H
#define HM_HARNESS_CELL_PAUSES_H

#include "common/pause_log.h"
#include "harness/cell/cell_writer.h"

/* Number, total and percentiles are of all pauses; n of them are listed. */
void hm_cell_write_pauses(struct hm_cell_writer *out,
                          const struct hm_hist *lengths, uint64_t total_ns,
                          const struct hm_pause *pause, uint64_t n);

#endif /* HM_HARNESS_CELL_PAUSES_H */
