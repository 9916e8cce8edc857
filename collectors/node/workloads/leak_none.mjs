// SPDX-License-Identifier: MIT
// leak_none.mjs -- makes a payload, reads it, forgets it: the control.

import { leakLoop } from '../leak.mjs';

export function* samples(run) {
    yield* leakLoop(run, (payload) => payload);
}
