// SPDX-License-Identifier: MIT
// histogram.mjs -- common/hist.h in JavaScript: the same log-linear buckets, in a typed
// array.  Values are whole nanoseconds.

const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;
const MAX_NS = 2 ** 40 - 1;
const BUCKETS = (40 - SUB_BITS + 1) << SUB_BITS;

// Index of the bucket of `ns` <= MAX_NS.
export function bucketOf(ns) {
    let octaves = 0;

    for (; ns >= 2147483648; octaves++)     // clz32 and >>> take 32 bits
        ns = Math.floor(ns / 2);
    const msb = 31 - Math.clz32(ns | 1);

    if (msb < SUB_BITS)
        return ns;
    const shift = msb - SUB_BITS;

    return (shift + octaves + 1 << SUB_BITS) + (ns >>> shift) - SUB;
}

// Lowest and highest value that share bucket `index`.
export function lowNs(index) {
    const octave = index >> SUB_BITS, step = index & SUB - 1;

    return octave === 0 ? step : (SUB | step) * 2 ** (octave - 1);
}

export function highNs(index) {
    const octave = index >> SUB_BITS;

    return lowNs(index) + (octave === 0 ? 1 : 2 ** (octave - 1)) - 1;
}

export class Histogram {
    constructor() {
        this.count = new Uint32Array(BUCKETS);
        this.n = 0;
        this.maxNs = 0;
    }

    add(ns) {
        if (ns > MAX_NS)
            ns = MAX_NS;
        this.count[bucketOf(ns)]++;
        this.n++;
        if (ns > this.maxNs)
            this.maxNs = ns;
    }

    // Calls visit(low, high, count) for each bucket that is not empty, ascending.
    forEach(visit) {
        for (let i = 0; i < BUCKETS; i++) {
            if (this.count[i] !== 0)
                visit(lowNs(i), highNs(i), this.count[i]);
        }
    }
}
