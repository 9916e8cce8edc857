/* SPDX-License-Identifier: MIT */
#include "harness/cell/cell_pauses.h"

#include <inttypes.h>

void hm_cell_write_pauses(struct hm_cell_writer *out,
                          const struct hm_hist *lengths, uint64_t total_ns,
                          const struct hm_pause *pause, uint64_t n)
{
    hm_cell_write(out,
                  "pauses\t%" PRIu64 "\npause_total_ns\t%" PRIu64
                  "\npause_max_ns\t%" PRIu64 "\n",
                  lengths->n, total_ns, lengths->max_ns);
    hm_cell_write(out, "pause_p50_ns\t%" PRIu64 "\npause_p99_ns\t%" PRIu64 "\n",
                  hm_hist_quantile_ns(lengths, 0.5),
                  hm_hist_quantile_ns(lengths, 0.99));
    for (uint64_t i = 0; i < n; i++) {
        hm_cell_write(out, "pause\t%" PRIu64 "\t%" PRIu64 "\t%s\n",
                      pause[i].start_ns, pause[i].duration_ns,
                      hm_pause_kind_name(pause[i].kind));
    }
}
