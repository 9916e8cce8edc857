// SPDX-License-Identifier: MIT
// pauses.mjs -- V8's collections, as perf_hooks tells of them.
//
// Node posts an entry to the event loop when a collection ends, so a run that never turns
// the loop gets none before it is over.  Entries come in order: that of a last, forced
// collection says that all before it are here.
//
// Limits: slices of incremental marking that V8 takes while it allocates have no entry; what
// other threads mark and sweep is no pause.

import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { Histogram } from './histogram.mjs';

const ENTRIES = 1 << 16;                    // as many as the C log lists
const SLICE_LEAST_NS = 10000;
const WAIT_MS = 20, PATIENCE_MS = 10000;

// The words of common/pause_log.h; what is not named here is a full collection.
const KIND = {
    [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
    2: 'minor',                             // the experimental minor mark-compact
    [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'increment',
    [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'increment',
};

export class Pauses {
    constructor() {
        this.n = 0;                         // entries delivered
        this.lastMs = -1;                   // start of the latest one
        this.startMs = new Float64Array(ENTRIES);
        this.lengthMs = new Float64Array(ENTRIES);
        this.kind = new Uint8Array(ENTRIES);
        this.observer = new PerformanceObserver((list) => this.take(list));
        this.observer.observe({ entryTypes: ['gc'] });
    }

    take(list) {
        for (const entry of list.getEntries()) {
            this.lastMs = entry.startTime;
            if (this.n < ENTRIES) {
                this.startMs[this.n] = entry.startTime;
                this.lengthMs[this.n] = entry.duration;
                this.kind[this.n] = entry.detail.kind;
                this.n++;
            }
        }
    }

    // Collects everything, then waits for the entry of that collection.  Twice, for what
    // incremental marking has found alive before it died stays for one more.
    async settle() {
        globalThis.gc();
        const sinceMs = performance.now();

        globalThis.gc();
        while (this.lastMs < sinceMs && performance.now() - sinceMs < PATIENCE_MS)
            await wait(WAIT_MS);
        this.observer.disconnect();
    }

    // The pauses that began in [startMs, endMs): each that counts, and the totals.
    within(startMs, endMs) {
        const found = { listed: [], lengths: new Histogram(), totalNs: 0, collections: 0 };

        for (let i = 0; i < this.n; i++) {
            if (this.startMs[i] < startMs || this.startMs[i] >= endMs)
                continue;
            const ns = Math.round(this.lengthMs[i] * 1e6);
            const kind = KIND[this.kind[i]] ?? 'full';

            found.totalNs += ns;
            found.collections += kind !== 'increment';
            if (kind === 'increment' && ns < SLICE_LEAST_NS)
                continue;
            found.lengths.add(ns);
            found.listed.push({ startMs: this.startMs[i], ns, kind });
        }
        return found;
    }
}
