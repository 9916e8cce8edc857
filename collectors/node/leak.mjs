// SPDX-License-Identifier: MIT
// leak.mjs -- what the leak workloads share: one payload per step, read back.  `settle_ms` is
// read by cell.mjs.

import { newPayload, payloadTag } from './payload.mjs';
import { opLoop } from './run.mjs';

const BATCH = 128;

// `keep(payload, i)` is what the program does with it; it returns what is read.
export function* leakLoop(run, keep) {
    const { steps, bytes } = run.param;

    yield* opLoop(steps, BATCH, (i) => {
        run.mix(payloadTag(keep(newPayload(bytes, i & 0xFFFF), i)));
    });
}
