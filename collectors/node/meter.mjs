// SPDX-License-Identifier: MIT
// meter.mjs -- common/meter.h in JavaScript: how far the run is, how long each sample of
// operations took, and at ten equal steps of a leak workload what memory it has, and
// what of it a full collection leaves.
//
// The driver maps the progress page; a script cannot, so it writes the page as a file, and
// because that is a system call, once in a millisecond.  The size of V8's heap is looked at
// as seldom as that; its peak is the largest that was seen.

import { writeSync } from 'node:fs';
import v8 from 'node:v8';
import { Histogram } from './histogram.mjs';

export const PHASE = { setup: 0, run: 1, drop: 2, end: 3 };

const CHECKPOINTS = 10;
const LOOK_EVERY_MS = 1;
const HEAP_EVERY_LOOKS = 10;

// V8's heap now: what objects take, what the system gave for them, what Buffers have beside.
export function heapNow() {
    const heap = v8.getHeapStatistics();

    return {
        used: heap.used_heap_size,
        total: heap.total_heap_size,
        external: heap.external_memory,
        held: heap.total_heap_size + heap.external_memory,
    };
}

// Everything, now.  Twice, for what incremental marking has found alive before it died stays
// for one more.
export function collect() {
    globalThis.gc();
    globalThis.gc();
}

export class Meter {
    // progressFd -1: none; steps: operations of a leak workload, 0 for another; schedule:
    // null for a closed loop.  In an open one a sample opens at the arrival; who takes the
    // samples waits for that.  metered: a second view of a closed loop, null if not asked for.
    constructor(progressFd, steps, schedule, metered) {
        this.progressFd = progressFd;
        this.schedule = schedule;
        this.metered = metered;
        this.page = new Uint32Array(4);     // two 64-bit words, low half first
        this.latency = new Histogram();
        this.ops = 0;
        this.startMs = 0;
        this.lookMs = 0;                    // when to look again
        this.looks = 0;
        this.heapPeakBytes = 0;
        this.steps = steps;
        this.checkpoint = [];
        this.atOps = steps > 0 ? Math.floor(steps / CHECKPOINTS) : Infinity;
    }

    phase(phase) {
        this.page[0] = phase;
        this.page[2] = this.page[3] = 0;
        this.writePage();
    }

    writePage() {
        if (this.progressFd >= 0)
            writeSync(this.progressFd, this.page, 0, 16, 0);
    }

    start() {
        this.startMs = performance.now();
        if (this.schedule !== null)
            this.startMs = this.schedule.begin(this.startMs);
    }

    // Ends the open sample, of `ops` operations, and opens the next one.
    mark(ops) {
        const nowMs = performance.now();

        this.latency.add(Math.round((nowMs - this.startMs) * 1e6));
        if (this.metered !== null)
            this.metered.add(this.startMs, nowMs);
        this.ops += ops;
        this.startMs = nowMs;
        if (this.ops >= this.atOps) {
            this.addCheckpoints();
            this.startMs = performance.now();
        } else if (nowMs >= this.lookMs) {
            this.look(nowMs);
            this.startMs = performance.now();
        }
        if (this.schedule !== null)
            this.startMs = this.schedule.next(ops);
    }

    look(nowMs) {
        this.lookMs = nowMs + LOOK_EVERY_MS;
        this.page[2] = this.ops;
        this.page[3] = this.ops / 4294967296;
        this.writePage();
        if (this.looks++ % HEAP_EVERY_LOOKS === 0)
            this.lookAtHeap();
    }

    lookAtHeap() {
        this.heapPeakBytes = Math.max(this.heapPeakBytes, heapNow().held);
    }

    // A mark may reach several tenths at once: each gets its entry.
    addCheckpoints() {
        const at = { ops: this.ops, rss: process.memoryUsage.rss() };

        this.lookAtHeap();
        collect();
        at.heap = heapNow();
        while (this.ops >= this.atOps) {
            const k = this.checkpoint.push(at);

            this.atOps = k === CHECKPOINTS ? Infinity
                                           : Math.floor(this.steps * (k + 1) / CHECKPOINTS);
        }
    }
}
