// SPDX-License-Identifier: MIT
// metered.mjs -- common/metered.h in JavaScript: what the samples of a closed loop would have
// taken from an arrival, had they come evenly over a window of 100 ms.

import { Histogram } from './histogram.mjs';

const HALF_MS = 50;
const SAMPLES = 1 << 15;

export class Metered {
    constructor() {
        this.latency = new Histogram();
        this.n = this.judged = this.first = 0;
        this.beginMs = new Float64Array(SAMPLES);   // at a sample's number mod SAMPLES
        this.endMs = new Float64Array(SAMPLES);
    }

    // The next sample, which began after all others.
    add(beginMs, endMs) {
        const place = this.n % SAMPLES;

        if (this.n - this.first === SAMPLES) {
            if (this.judged === this.first)
                this.judge();
            this.first++;
        }
        this.beginMs[place] = beginMs;
        this.endMs[place] = endMs;
        this.n++;
        while (this.beginMs[this.judged % SAMPLES] + HALF_MS <= beginMs)
            this.judge();
    }

    // There are no more: judges the rest by what there is of their windows.
    end() {
        while (this.judged < this.n)
            this.judge();
    }

    judge() {
        const i = this.judged++, beginMs = this.beginMs[i % SAMPLES];

        while (this.beginMs[this.first % SAMPLES] + HALF_MS < beginMs)
            this.first++;
        const fromMs = Math.min(this.evenMs(i), beginMs);

        this.latency.add(Math.round((this.endMs[i % SAMPLES] - fromMs) * 1e6));
    }

    // When sample i would have begun; its window ends with the last one.
    evenMs(i) {
        const last = this.n - 1, firstMs = this.beginMs[this.first % SAMPLES];

        if (this.first === last)
            return firstMs;
        return firstMs + (i - this.first) *
            (this.beginMs[last % SAMPLES] - firstMs) / (last - this.first);
    }
}
