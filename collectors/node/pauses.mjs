// SPDX-License-Identifier: MIT
// pauses.mjs -- V8's collections, as it calls back before and after each: in C, into an array
// outside of its heap (harness/cell/cell_node_gc.c).
//
// Limits: slices of incremental marking that V8 takes while it allocates are not told of; what
// other threads mark and sweep is no pause.

import { constants } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Histogram } from './histogram.mjs';
import { watchCollections } from './native.mjs';

const ENTRIES = 1 << 16;                    // as many as the C log lists
const FIELDS = 3;
const SLICE_LEAST_NS = 10000;
const HELPERS_MS = 20;                      // for memory that they give back

// The words of common/pause_log.h; what is not named here is a full collection.
const KIND = {
    [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
    2: 'minor',                             // the experimental minor mark-compact
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'increment',
    [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'increment',
};

export class Pauses {
    constructor() {
        this.log = new Float64Array(1 + ENTRIES * FIELDS);
        const why = watchCollections(this.log);

        if (why !== '')
            throw new Error(why);
    }

    // Collects everything.  Twice, for what incremental marking has found alive before it
    // died stays for one more.
    async settle() {
        globalThis.gc();
        globalThis.gc();
        await wait(HELPERS_MS);
    }

    // The pauses that began in [fromNs, toNs) of the monotonic clock: each that counts, and
    // the totals.
    within(fromNs, toNs) {
        const found = { listed: [], lengths: new Histogram(), totalNs: 0, collections: 0 };

        for (let i = 0; i < this.log[0]; i++) {
            const [startNs, ns, bit] = this.log.subarray(1 + i * FIELDS, 1 + (i + 1) * FIELDS);
            const kind = KIND[bit] ?? 'full';

            if (startNs < fromNs || startNs >= toNs)
                continue;
            found.totalNs += ns;
            found.collections += kind !== 'increment';
            if (kind === 'increment' && ns < SLICE_LEAST_NS)
                continue;
            found.lengths.add(ns);
            found.listed.push({ startNs, ns, kind });
        }
        return found;
    }
}
