// SPDX-License-Identifier: MIT
// leak_window.mjs -- a queue of constant length; what stays of its first node is a number.
//
// Not the address, which a script never sees, and no WeakRef either: one that has been made
// or read keeps its object until the event loop turns, which `node` never does.

import { leakLoop } from '../leak.mjs';
import { newPayload } from '../payload.mjs';

class Node {
    constructor(payload, number) {
        this.payload = payload;
        this.number = number;
        this.next = null;
    }
}

class Queue {
    constructor() {
        this.head = this.tail = null;
    }

    push(node) {
        if (this.tail === null)
            this.head = node;
        else
            this.tail.next = node;
        this.tail = node;
    }

    // The oldest node goes; there is one.  In the twin it forgets the next one.
    pop(twin) {
        const node = this.head;

        this.head = node.next;
        if (this.head === null)
            this.tail = null;
        if (twin)
            node.next = null;
    }
}

export function* samples(run) {
    const { bytes, twin, window } = run.param;
    const queue = run.held = new Queue();

    queue.push(new Node(newPayload(bytes, 0), -1));
    const stale = queue.head.number;

    yield* leakLoop(run, (payload, i) => {
        queue.push(new Node(payload, i));
        if (i + 1 >= window)
            queue.pop(twin !== 0);
        return payload;
    });
    if (stale !== -1)                       // held till here
        throw new Error('the stale number has changed');
}
