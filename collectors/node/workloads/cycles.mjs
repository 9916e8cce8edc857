// SPDX-License-Identifier: MIT
// cycles.mjs -- rings of nodes: garbage that refers to itself.

import { opLoop } from '../run.mjs';

const BATCH_NODES = 256;

class Node {
    constructor(number) {
        this.next = null;
        this.number = number;
    }
}

function build(first, length) {
    const head = new Node(first);
    let last = head;

    for (let i = 1; i < length; i++) {
        last.next = new Node(first + i);
        last = last.next;
    }
    last.next = head;
    return head;
}

// The sum of a ring's numbers, found by going once around.
function sumOf(ring) {
    let node = ring, sum = 0;

    do {
        sum = sum + node.number | 0;
        node = node.next;
    } while (node !== ring);
    return sum;
}

export function* samples(run) {
    const { nodes, length, kept } = run.param;
    const rings = Math.ceil(nodes / length), table = run.held = new Array(kept).fill(null);

    yield* opLoop(rings, 1 + Math.floor(BATCH_NODES / length), (i) => {
        const slot = run.rng.below(kept), ring = build(i * length, length);
        const old = table[slot];

        table[slot] = ring;
        run.mix(sumOf(ring));
        if (old !== null)
            run.mix(sumOf(old));
    });
    run.count('nodes', rings * length);
}
