// SPDX-License-Identifier: MIT
// leak_cycle.mjs -- drops pairs that refer to each other.

import { leakLoop } from '../leak.mjs';

class Node {
    constructor(other, payload) {
        this.other = other;
        this.payload = payload;
    }
}

export function* samples(run) {
    yield* leakLoop(run, (payload) => {
        const node = run.escape(new Node(null, payload));

        node.other = new Node(node, null);
        if (run.param.twin)
            node.other.other = null;
        return node.payload;
    });
}
