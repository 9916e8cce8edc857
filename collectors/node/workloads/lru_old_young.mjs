// SPDX-License-Identifier: MIT
// lru_old_young.mjs -- a full LRU list: old entries relinked, young values stored into them.

import { newPayload, payloadTag } from '../payload.mjs';
import { fin } from '../rng.mjs';
import { opLoop } from '../run.mjs';
import { Zipf } from '../zipf.mjs';

const SIZES = 64, BATCH = 16;

let zipf = null;

class Entry {
    constructor(key, id, value) {
        this.prev = this;
        this.next = this;
        this.chain = null;
        this.value = value;
        this.key = key;
        this.id = id;
    }
}

function unlink(entry) {
    entry.prev.next = entry.next;
    entry.next.prev = entry.prev;
}

// 64 to 1024 bytes, log-uniform, by exact operations.
function makeSizes() {
    const halfStep = Math.sqrt(Math.sqrt(Math.sqrt(Math.sqrt(Math.sqrt(2)))));
    const step = halfStep * halfStep, sizes = new Uint16Array(SIZES);
    let bytes = 64 * halfStep;

    for (let k = 0; k < SIZES; k++) {
        sizes[k] = Math.floor(bytes);
        bytes *= step;
    }
    return sizes;
}

class List {
    constructor(run) {
        let buckets = 1;

        while (buckets < run.param.capacity)
            buckets *= 2;
        this.run = run;
        this.update = run.param.update;
        this.sizes = makeSizes();
        this.table = new Array(buckets).fill(null);
        this.head = new Entry(0, 0, null);
        this.id = 0;
        this.hits = this.misses = this.updates = 0;
    }

    bucketOf(key) {
        return fin(key) & this.table.length - 1;
    }

    // A value of the size that `hashed` chooses, with the tag i.
    value(hashed, i) {
        return newPayload(this.sizes[fin(hashed) & SIZES - 1], i & 0x7FFFFF);
    }

    pushFront(entry) {
        const first = this.head.next;

        entry.next = first;
        entry.prev = this.head;
        first.prev = entry;
        this.head.next = entry;
    }

    find(key) {
        let entry = this.table[this.bucketOf(key)];

        while (entry !== null && entry.key !== key)
            entry = entry.chain;
        return entry;
    }

    insert(key, value) {
        const entry = new Entry(key, this.id++, value), bucket = this.bucketOf(key);

        entry.chain = this.table[bucket];
        this.table[bucket] = entry;
        this.pushFront(entry);
    }

    unchain(entry) {
        const bucket = this.bucketOf(entry.key);
        let at = this.table[bucket];

        if (at === entry) {
            this.table[bucket] = entry.chain;
            return;
        }
        while (at.chain !== entry)
            at = at.chain;
        at.chain = entry.chain;
    }

    evict() {
        const last = this.head.prev;

        unlink(last);
        this.unchain(last);
        this.run.mix(last.id);
    }

    access(i) {
        const key = zipf.next(this.run.rng), percent = this.run.rng.next() % 100;
        const entry = this.find(key);

        if (entry === null) {
            this.misses++;
            this.insert(key, this.value(key ^ i, i));
            this.evict();
            return;
        }
        this.hits++;
        unlink(entry);
        this.pushFront(entry);
        this.run.mix(payloadTag(entry.value));
        if (percent < this.update) {
            entry.value = this.value(key ^ i, i);
            this.updates++;
        }
    }
}

export function setup(run) {
    zipf = new Zipf(Math.max(run.param.keys, run.param.capacity), 4);
}

// The likeliest keys, the likeliest of all at the front.
function fill(list, capacity) {
    for (let k = capacity - 1; k >= 0; k--)
        list.insert(k, list.value(k, k));
}

export function* samples(run) {
    const list = run.held = new List(run);

    fill(list, run.param.capacity);
    yield* opLoop(run.param.ops, BATCH, (i) => list.access(i));
    run.count('hit', list.hits);
    run.count('miss', list.misses);
    run.count('update', list.updates);
}
