// SPDX-License-Identifier: MIT
// leak_view.mjs -- keeps 16 bytes of each buffer, as a view, and so all of it.  Buffers
// whatever `buffers` says: nothing else of V8's has views.

import { bufferTag, newBuffer } from '../payload.mjs';
import { opLoop } from '../run.mjs';

const BYTES = 16;

class View {
    constructor(bytes, next) {
        this.bytes = bytes;
        this.next = next;
    }
}

function copyOf(bytes) {
    const copy = Buffer.allocUnsafeSlow(bytes.length);

    bytes.copy(copy);
    return copy;
}

export function* samples(run) {
    const { steps, bytes, twin } = run.param;

    yield* opLoop(steps, 1, (i) => {
        const view = newBuffer(bytes, i & 0xFFFF).subarray(0, BYTES);

        run.held = new View(twin ? copyOf(view) : view, run.held);
        run.mix(bufferTag(run.held.bytes));
    });
}
