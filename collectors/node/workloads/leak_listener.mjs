// SPDX-License-Identifier: MIT
// leak_listener.mjs -- registers a closure per request and never takes it back.

import { leakLoop } from '../leak.mjs';

// The closure's context holds the payload.
const listener = (payload) => () => payload;

export function* samples(run) {
    const listeners = run.held = [];

    yield* leakLoop(run, (payload) => {
        listeners.push(listener(payload));
        const read = listeners[listeners.length - 1]();

        if (run.param.twin)
            listeners.pop();
        return read;
    });
    run.count('listeners', listeners.length);
}
