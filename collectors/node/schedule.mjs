// SPDX-License-Identifier: MIT
// schedule.mjs -- common/schedule.h in JavaScript: an open loop, in which operations arrive
// at a constant rate whether those before have been served or not.  Latency counts from the
// arrival.  Whoever takes the samples waits for it, in this thread's own way.

const SPIN_MS = 0.05;                       // of the end of a wait: sleeping is not as exact
const LATE_PART = 10;                       // later at the end than this part: saturated

export class Schedule {
    constructor(ratePerS) {
        this.msPerOp = 1000 / ratePerS;
        this.startMs = this.arrivalMs = 0;
        this.served = this.idle = 0;        // operations; `served` at the last wait
        this.lateMs = 0;                    // behind the latest arrival, at its start
    }

    begin(nowMs) {
        this.startMs = nowMs;
        this.served = this.idle = 0;
        return this.next(0);
    }

    // `ops` have been served: when the next one arrives.
    next(ops) {
        this.served += ops;
        this.arrivalMs = this.startMs + this.served * this.msPerOp;
        this.lateMs = Math.max(0, performance.now() - this.arrivalMs);
        if (this.lateMs === 0)
            this.idle = this.served;
        return this.arrivalMs;
    }

    get leftMs() {
        return this.arrivalMs - performance.now();
    }

    // Until the next arrival or untilMs, whichever is first, as a program without an event
    // loop waits.  Only the end of a wait for the arrival is spun.
    wait(untilMs = Infinity) {
        const sleepMs = Math.min(this.arrivalMs - SPIN_MS, untilMs) - performance.now();

        if (sleepMs > 0)
            Atomics.wait(sleeper, 0, 0, sleepMs);
        while (this.leftMs > 0 && performance.now() < untilMs)
            continue;
    }

    // Whether the queue was never empty in the second half of what has been served, or is
    // longer at the end than a tenth of the schedule.
    get isSaturated() {
        return this.idle < Math.floor(this.served / 2) ||
            this.lateMs > (this.arrivalMs - this.startMs) / LATE_PART;
    }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
