// SPDX-License-Identifier: MIT
// cache.mjs -- an LRU cache with a byte budget and skewed keys.
//
// A chained table and a list by hand, as in C: with Map as the list of use, each eviction
// steps over the entries that were deleted before it.

import { newPayload, payloadTag } from '../payload.mjs';
import { fin } from '../rng.mjs';
import { opLoop } from '../run.mjs';
import { ETC_SIZE_BYTES, TWITTER_SIZE_BYTES, Zipf } from '../zipf.mjs';

const BUCKETS = 1 << 17, BATCH = 16;

let zipf = null;

class Entry {
    constructor(key, value, bytes) {
        this.key = key;                     // int32
        this.value = value;
        this.bytes = bytes;
        this.chain = null;
        this.prev = this;
        this.next = this;
    }
}

// Says when a value is due to go; it may be gone by then.
class Ticket {
    constructor(key, tag, next) {
        this.key = key;
        this.tag = tag;
        this.next = next;
    }
}

function tagOf(i) {
    return i & 0x7FFFFF;
}

function unlink(entry) {
    entry.prev.next = entry.next;
    entry.next.prev = entry.prev;
}

function pushFront(head, entry) {
    const first = head.next;

    entry.next = first;
    entry.prev = head;
    first.prev = entry;
    head.next = entry;
}

function bucketOf(key) {
    return fin(key) & BUCKETS - 1;
}

class Cache {
    constructor(run) {
        this.run = run;
        this.rng = run.rng;
        this.set = run.param.set;
        this.budget = run.param.budget;
        this.table = new Array(BUCKETS).fill(null);
        this.head = new Entry(0, null, 0);
        this.sizes = run.param.sizes === 0 ? ETC_SIZE_BYTES : TWITTER_SIZE_BYTES;
        this.ttl = run.param.ttl;
        this.wheel = new Array(this.ttl).fill(null);
        this.expired = 0;
        this.used = 0;
        this.hits = this.misses = this.evicted = this.entries = 0;
    }

    find(key) {
        let entry = this.table[bucketOf(key)];

        while (entry !== null && entry.key !== key)
            entry = entry.chain;
        return entry;
    }

    unchain(entry) {
        const bucket = bucketOf(entry.key);
        let at = this.table[bucket];

        if (at === entry) {
            this.table[bucket] = entry.chain;
            return;
        }
        while (at.chain !== entry)
            at = at.chain;
        at.chain = entry.chain;
    }

    remove(entry) {
        unlink(entry);
        this.unchain(entry);
        this.used -= entry.bytes;
        this.entries--;
    }

    evict() {
        this.remove(this.head.prev);
        this.evicted++;
    }

    // The value that request `i` has stored will go 1 to `ttl` requests later.
    schedule(i, key) {
        const slot = (i + 1 + fin(fin(key ^ i)) % this.ttl) % this.ttl;

        this.wheel[slot] = new Ticket(key, tagOf(i), this.wheel[slot]);
    }

    // What is due at request `i` goes, unless it has been replaced or evicted.
    expire(i) {
        let ticket = this.wheel[i % this.ttl];

        this.wheel[i % this.ttl] = null;
        for (; ticket !== null; ticket = ticket.next) {
            const entry = this.find(ticket.key);

            if (entry !== null && payloadTag(entry.value) === ticket.tag) {
                this.remove(entry);
                this.expired++;
            }
        }
    }

    replace(entry, value, bytes) {
        this.used += bytes - entry.bytes;
        entry.value = value;
        entry.bytes = bytes;
        unlink(entry);
        pushFront(this.head, entry);
    }

    insert(key, value, bytes) {
        const entry = new Entry(key, value, bytes), bucket = bucketOf(key);

        entry.chain = this.table[bucket];
        this.table[bucket] = entry;
        pushFront(this.head, entry);
        this.used += bytes;
        this.entries++;
    }

    put(i, key, found) {
        const bytes = this.sizes[fin(key ^ i) & 63];
        const value = newPayload(bytes, tagOf(i));

        if (found !== null)
            this.replace(found, value, bytes);
        else
            this.insert(key, value, bytes);
        if (this.ttl > 0)
            this.schedule(i, key);
        while (this.used > this.budget)
            this.evict();
    }

    hit(entry) {
        this.hits++;
        unlink(entry);
        pushFront(this.head, entry);
        this.run.mix(payloadTag(entry.value));
    }

    request(i) {
        const key = fin(zipf.next(this.rng)) | 0, percent = this.rng.next() % 100;

        if (this.ttl > 0)
            this.expire(i);
        const found = this.find(key);

        if (percent >= this.set) {
            if (found !== null) {
                this.hit(found);
                return;
            }
            this.misses++;
        }
        this.put(i, key, found);
    }
}

export function setup(run) {
    zipf = new Zipf(run.param.keys, run.param.zipf);
}

export function* samples(run) {
    const cache = run.held = new Cache(run);

    yield* opLoop(run.param.ops, BATCH, (i) => cache.request(i));
    const counters = [['hit', cache.hits], ['miss', cache.misses],
                      ['evicted', cache.evicted], ['live', cache.entries]];

    if (cache.ttl > 0)
        counters.push(['expired', cache.expired]);
    for (const [name, value] of counters) {
        run.mix(value);
        run.count(name, value);
    }
}
