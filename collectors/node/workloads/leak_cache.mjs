// SPDX-License-Identifier: MIT
// leak_cache.mjs -- fills a map and never empties it; the twin holds the latest entries.

import { leakLoop } from '../leak.mjs';
import { fin } from '../rng.mjs';

const FIRST_BUCKETS = 1024, BOUND = 256;

class Entry {
    constructor(key, value) {
        this.key = key;
        this.value = value;
        this.chain = null;
    }
}

class Table {
    constructor() {
        this.bucket = new Array(FIRST_BUCKETS).fill(null);
        this.entries = 0;
    }

    link(entry) {
        const k = fin(entry.key) & this.bucket.length - 1;

        entry.chain = this.bucket[k];
        this.bucket[k] = entry;
    }

    // Moves all entries into a table of twice the size.
    grow() {
        const old = this.bucket;

        this.bucket = new Array(old.length * 2).fill(null);
        for (let k = 0; k < old.length; k++) {
            for (let entry = old[k], next; entry !== null; entry = next) {
                next = entry.chain;
                this.link(entry);
            }
        }
    }

    insert(key, value) {
        if (this.entries === this.bucket.length)
            this.grow();
        this.link(new Entry(key, value));
        this.entries++;
    }

    // Takes the entry of `key`, which is there, out of its chain.
    evict(key) {
        const k = fin(key) & this.bucket.length - 1;
        let at = this.bucket[k];

        this.entries--;
        if (at.key === key) {
            this.bucket[k] = at.chain;
            return;
        }
        while (at.chain.key !== key)
            at = at.chain;
        at.chain = at.chain.chain;
    }

    find(key) {
        let entry = this.bucket[fin(key) & this.bucket.length - 1];

        while (entry.key !== key)
            entry = entry.chain;
        return entry.value;
    }
}

export function* samples(run) {
    const table = run.held = new Table();

    yield* leakLoop(run, (payload, i) => {
        table.insert(i, payload);
        const found = table.find(i);

        if (run.param.twin !== 0 && i >= BOUND)
            table.evict(i - BOUND);
        return found;
    });
    run.count('entries', table.entries);
}
