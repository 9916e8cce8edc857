// SPDX-License-Identifier: MIT
// large_objects.mjs -- buffers of 256 KiB to 64 MiB: replaced, grown, temporary.
//
// Buffers always: an array on V8's heap would be written in full, the C buffer is not.  They
// lie outside of that heap, so a heap limit does not hold them.  They cannot be resized:
// whatever `growth` says, one grows by a copy.

import { opLoop } from '../run.mjs';

const MIN_BYTES = 256 << 10, TOP_CLASS = 8, TOUCH_BYTES = 4096;

function touch(buffer, from, byte) {
    for (let at = from; at < buffer.length; at += TOUCH_BYTES)
        buffer[at] = byte;
}

function newBuffer(bytes, byte) {
    const buffer = Buffer.allocUnsafeSlow(bytes);

    touch(buffer, 0, byte);
    return buffer;
}

class Slots {
    constructor(run) {
        this.run = run;
        this.rng = run.rng;
        this.slot = run.held = new Array(run.param.slots).fill(null);
    }

    // The old buffer goes before the new one comes.
    replace(bytes, byte) {
        const k = this.rng.below(this.slot.length);

        this.slot[k] = null;
        this.slot[k] = newBuffer(bytes, byte);
        this.run.mix(bytes ^ k);
    }

    grow(bytes) {
        let buffer = newBuffer(MIN_BYTES, 1);

        while (buffer.length < bytes) {
            const larger = Buffer.allocUnsafeSlow(buffer.length * 2);

            buffer.copy(larger);
            touch(larger, buffer.length, 1);
            buffer = larger;
        }
        this.run.mix(buffer[0]);
    }

    // A buffer for the moment, and a look at one that stays.
    use(bytes, byte) {
        const buffer = newBuffer(bytes, byte);

        this.run.mix(buffer[0]);
        const kept = this.slot[this.rng.below(this.slot.length)];

        if (kept !== null)
            this.run.mix(kept[0]);
    }

    step(i) {
        const draw = this.rng.next() | 1 << TOP_CLASS;
        const bytes = MIN_BYTES << 31 - Math.clz32(draw & -draw);
        const kind = this.rng.below(4);

        if (kind === 0)
            this.replace(bytes, i & 127);
        else if (kind === 1)
            this.grow(bytes);
        else
            this.use(bytes, i & 127);
    }
}

export function* samples(run) {
    const slots = new Slots(run);

    yield* opLoop(run.param.steps, 1, (i) => slots.step(i));
}
