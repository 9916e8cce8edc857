// SPDX-License-Identifier: MIT
// leak_false.mjs -- lists that are dropped whole, of each of which a number stays behind.
//
// A script never sees an address: the number is the list's ordinal, as a handle or a cache
// key would be.  It lies among references, where V8 tells it by its tag; in the twin in a
// typed array, where nothing looks.

import { leakLoop } from '../leak.mjs';

const LENGTH = 64;                          // nodes of a list

class Node {
    constructor(payload, next) {
        this.payload = payload;
        this.next = next;
    }
}

export function* samples(run) {
    const { steps, twin } = run.param;
    const lists = Math.floor(steps / LENGTH) + 1;
    const numbers = twin ? new Int32Array(lists) : new Array(lists).fill(0);
    const held = run.held = { list: null, numbers };

    yield* leakLoop(run, (payload, i) => {
        held.list = new Node(payload, held.list);
        if (i % LENGTH === LENGTH - 1) {
            numbers[Math.floor(i / LENGTH)] = i;
            held.list = null;
        }
        return payload;
    });
}
