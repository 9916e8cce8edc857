// SPDX-License-Identifier: MIT
// leak_timer.mjs -- sets timers that are never due.  The heap of timers is the program's own:
// time is the number of the step.

import { leakLoop } from '../leak.mjs';

const STEPS = 1000, FAR_STEPS = 1000000000;

class Timer {
    constructor(due, callback) {
        this.due = due;
        this.callback = callback;
    }
}

const callback = (payload) => () => payload;

class Timers {
    constructor() {
        this.heap = [];
        this.fired = 0;
    }

    set(timer) {
        const heap = this.heap;
        let k = heap.push(timer) - 1;

        for (; k > 0; k = k - 1 >> 1) {
            const parent = heap[k - 1 >> 1];

            if (parent.due <= timer.due)
                break;
            heap[k] = parent;
        }
        heap[k] = timer;
    }

    // Puts `timer` at the top or below, where no child is due earlier.
    sink(timer) {
        const heap = this.heap;
        let k = 0;

        for (let child = 1; child < heap.length; child = 2 * k + 1) {
            if (child + 1 < heap.length && heap[child + 1].due < heap[child].due)
                child++;
            if (timer.due <= heap[child].due)
                break;
            heap[k] = heap[child];
            k = child;
        }
        heap[k] = timer;
    }

    // Fires what is due at step `i`.
    fire(i) {
        while (this.heap.length > 0 && this.heap[0].due <= i) {
            const last = this.heap.pop();

            if (this.heap.length > 0)
                this.sink(last);
            this.fired++;
        }
    }
}

export function* samples(run) {
    const timers = run.held = new Timers();

    yield* leakLoop(run, (payload, i) => {
        const due = i + 1 + run.rng.below(STEPS) + (run.param.twin ? 0 : FAR_STEPS);
        const timer = new Timer(due, callback(payload)), read = timer.callback();

        timers.set(timer);
        timers.fire(i);
        return read;
    });
    run.count('fired', timers.fired);
    run.count('pending', timers.heap.length);
}
