// SPDX-License-Identifier: MIT
// leak_closure.mjs -- two closures of one scope share V8's context: the one that stays needs
// a number, and keeps alive what only the other one uses, which is never called.

import { leakLoop } from '../leak.mjs';

class Thing {
    constructor(payload, method) {
        this.payload = payload;
        this.method = method;
    }
}

function sharedContext(previous, number) {
    const unused = () => previous;

    return () => number;
}

// A scope of its own for each.
const usesPrevious = (previous) => () => previous;
const usesNumber = (number) => () => number;

function ownContexts(previous, number) {
    usesPrevious(previous);
    return usesNumber(number);
}

export function* samples(run) {
    const method = run.param.twin ? ownContexts : sharedContext;

    yield* leakLoop(run, (payload, i) => {
        run.held = new Thing(payload, method(run.held, i));
        return run.held.payload;
    });
}
