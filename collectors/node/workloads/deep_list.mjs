// SPDX-License-Identifier: MIT
// deep_list.mjs -- one very long list, built, walked and dropped whole.

import { mix } from '../rng.mjs';

const BATCH = 256;

class Node {
    constructor(next, number) {
        this.next = next;
        this.number = number;
    }
}

function push(list, from, n) {
    for (let i = from; i < from + n; i++)
        list = new Node(list, i);
    return list;
}

// Mixes the number of nodes and a hash of the order they come in.
function walk(run) {
    let n = 0, order = 0;

    for (let node = run.held; node !== null; node = node.next) {
        order = mix(order, node.number);
        n++;
    }
    run.mix(n);
    run.mix(order);
}

export function* samples(run) {
    const { nodes, rounds } = run.param;

    for (let r = 0; r < rounds; r++) {
        run.held = null;
        for (let done = 0; done < nodes;) {
            const n = Math.min(BATCH, nodes - done);

            run.held = push(run.held, done, n);
            yield n;
            done += n;
        }
        walk(run);
    }
    run.count('nodes', rounds * nodes);
}
