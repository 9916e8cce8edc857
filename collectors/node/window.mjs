// SPDX-License-Identifier: MIT
// window.mjs -- the clock window, and what the process used in it.

import { readFileSync } from 'node:fs';

const PAIRS = 2001;

// Nanoseconds of the monotonic clock at performance.now() = 0: the tightest of many tries.
function originNs() {
    let best = Infinity, origin = 0;

    for (let i = 0; i < 50; i++) {
        const before = process.hrtime.bigint(), ms = performance.now();
        const width = Number(process.hrtime.bigint() - before);

        if (width < best) {
            best = width;
            origin = Number(before) + width / 2 - ms * 1e6;
        }
    }
    return origin;
}

// Processor time of this thread.  The kernel brings the file up to date when the thread
// leaves a processor, so it rests for a moment first.
function threadCpuNs() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.05);
    try {
        return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]);
    } catch {
        return NaN;                         // a kernel without it
    }
}

function usage() {
    const used = process.resourceUsage();

    return {
        mutator_cpu_ns: threadCpuNs(),
        user_ns: used.userCPUTime * 1000,
        sys_ns: used.systemCPUTime * 1000,
        minflt: used.minorPageFault,
        majflt: used.majorPageFault,
        nvcsw: used.voluntaryContextSwitches,
        nivcsw: used.involuntaryContextSwitches,
    };
}

export class Window {
    // pauses: those that begin in the window count
    constructor(pauses) {
        this.pauses = pauses;
        this.originNs = originNs();
        this.startMs = this.endMs = 0;
        this.used = null;
    }

    // Reads everything, the clock last.
    begin() {
        this.used = usage();
        this.startMs = performance.now();
        this.pauses.begin();
    }

    // Reads the clock first; `used` then holds what was used in between.
    end() {
        this.pauses.end();
        this.endMs = performance.now();
        const now = usage();

        for (const name of Object.keys(now))
            this.used[name] = now[name] - this.used[name];
    }

    get wallNs() {
        return Math.round((this.endMs - this.startMs) * 1e6);
    }

    // On the monotonic clock.
    get startNs() {
        return Math.round(this.originNs + this.startMs * 1e6);
    }
}

// Nanoseconds between two readings of the clock, one after the other: the median.
export function clockCostNs() {
    const delta = new Float64Array(PAIRS);

    for (let i = 0; i < PAIRS; i++) {
        const ms = performance.now();

        delta[i] = performance.now() - ms;
    }
    return Math.round(delta.sort()[PAIRS >> 1] * 1e6);
}

// Highest resident size since exec.  (ru_maxrss is inherited through it.)
export function rssPeakBytes() {
    return 1024 * /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'latin1'))[1];
}
