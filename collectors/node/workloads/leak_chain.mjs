// SPDX-License-Identifier: MIT
// leak_chain.mjs -- drops a long list by its first node, and V8 finds the others: `twin`
// makes no difference here.

import { leakLoop } from '../leak.mjs';

class Node {
    constructor(next, payload) {
        this.next = next;
        this.payload = payload;
    }
}

export function* samples(run) {
    const { length } = run.param;

    yield* leakLoop(run, (payload, i) => {
        run.held = new Node(run.held, payload);
        if (i % length === length - 1)
            run.held = null;
        return payload;
    });
}
