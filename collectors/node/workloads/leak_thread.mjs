// SPDX-License-Identifier: MIT
// leak_thread.mjs -- what threads that have ended kept for themselves stays registered.  The
// threads take turns in one.

import { leakLoop } from '../leak.mjs';

const STEPS = 4;

class Local {
    constructor(thread, next) {
        this.thread = thread;
        this.next = next;
        this.payload = new Array(STEPS).fill(null);
    }
}

export function* samples(run) {
    let registered = 0;

    yield* leakLoop(run, (payload, i) => {
        const k = i % STEPS;

        if (k === 0) {
            run.held = new Local(Math.floor(i / STEPS), run.held);
            registered++;
        }
        run.held.payload[k] = payload;
        if (k === STEPS - 1 && run.param.twin) {
            run.held = run.held.next;
            registered--;
        }
        return payload;
    });
    run.count('registered', registered);
}
