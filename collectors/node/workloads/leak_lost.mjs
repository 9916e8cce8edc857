// SPDX-License-Identifier: MIT
// leak_lost.mjs -- overwrites the only reference, which loses nothing where V8 collects:
// `twin` makes no difference here.

import { leakLoop } from '../leak.mjs';

export function* samples(run) {
    yield* leakLoop(run, (payload) => run.held = payload);
}
