// SPDX-License-Identifier: MIT
// message_channel.mjs -- a sliding window of messages: the time of the worst push.

import { firstByte, lastByte, newBytes } from '../payload.mjs';
import { fin } from '../rng.mjs';
import { opLoop } from '../run.mjs';

const BATCH = 16;

class Entry {
    constructor(message, number) {
        this.message = message;
        this.number = number;
        this.next = null;
    }
}

class Channel {
    constructor(run) {
        this.run = run;
        this.window = run.param.window;
    }

    message(i) {
        return newBytes(this.run.param.bytes, i & 255);
    }

    read(message) {
        this.run.mix(firstByte(message) << 8 | lastByte(message));
    }
}

class ArrayChannel extends Channel {
    constructor(run) {
        super(run);
        this.table = new Array(this.window).fill(null);
    }

    push(i) {
        const message = this.message(i), place = i % this.window;
        const oldest = this.table[place];

        this.table[place] = message;
        if (oldest !== null)
            this.read(oldest);
    }
}

// The table is by hand, as in C; a Map would be rehashed as its entries are deleted.
class MapChannel extends Channel {
    constructor(run) {
        let places = 1;

        super(run);
        while (places < this.window)
            places *= 2;
        this.table = new Array(places).fill(null);
    }

    place(number) {
        return fin(number) & this.table.length - 1;
    }

    take(number) {
        const place = this.place(number);
        let before = null, entry = this.table[place];

        while (entry.number !== number) {
            before = entry;
            entry = entry.next;
        }
        if (before === null)
            this.table[place] = entry.next;
        else
            before.next = entry.next;
        return entry.message;
    }

    push(i) {
        const entry = new Entry(this.message(i), i), place = this.place(i);

        entry.next = this.table[place];
        this.table[place] = entry;
        if (i >= this.window)
            this.read(this.take(i - this.window));
    }
}

class QueueChannel extends Channel {
    constructor(run) {
        super(run);
        this.oldest = this.latest = null;
    }

    push(i) {
        const entry = new Entry(this.message(i), i);

        if (this.oldest === null)
            this.oldest = entry;
        else
            this.latest.next = entry;
        this.latest = entry;
        if (i >= this.window) {
            const oldest = this.oldest;

            this.oldest = oldest.next;
            this.read(oldest.message);
        }
    }
}

export function* samples(run) {
    const { window, pushes, structure } = run.param;
    const channel = run.held = new [ArrayChannel, MapChannel, QueueChannel][structure](run);

    yield* opLoop(pushes, BATCH, (i) => channel.push(i));
    run.count('held', Math.min(pushes, window));
}
