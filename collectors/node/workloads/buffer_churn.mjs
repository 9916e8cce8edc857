// SPDX-License-Identifier: MIT
// buffer_churn.mjs -- buffers of mixed sizes are replaced, then all are dropped and little is
// served while the resident set is watched (`watch_ms`: cell.mjs).  Buffers whatever `buffers`
// says: it is of them that is asked.

import { bufferTag, newBuffer } from '../payload.mjs';
import { opLoop } from '../run.mjs';

const BATCH = 16, LEAST = 64, SERVED = 16, SERVED_MAX = 1024;

function newOfUpTo(run, max, tag) {
    return newBuffer(LEAST + run.rng.below(max - LEAST + 1), tag);
}

export function* samples(run) {
    const { buffers, ops, max_bytes } = run.param;
    const table = run.held = new Array(buffers).fill(null);

    yield* opLoop(ops, BATCH, (i) => {
        const k = run.rng.below(buffers), fresh = newOfUpTo(run, max_bytes, i & 0x7FFFFF);
        const old = table[k];

        table[k] = fresh;
        if (old !== null)
            run.mix(bufferTag(old));
    });
}

// Every 10 ms of the watch.
export function serve(run) {
    for (let i = 0; i < SERVED; i++)
        newOfUpTo(run, SERVED_MAX, i);
}
