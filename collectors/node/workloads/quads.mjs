// SPDX-License-Identifier: MIT
// quads.mjs -- small quad trees die beside a large one that is walked.

import { START } from '../run.mjs';

const YOUNG_DEPTH = 3;

class Quad {
    constructor(a, b, c, d) {
        this.a = a;
        this.b = b;
        this.c = c;
        this.d = d;
    }
}

function nodesOf(depth) {
    return (4 ** (depth + 1) - 1) / 3;
}

// Bottom-up: the parent is the youngest.
function build(depth) {
    if (depth === 0)
        return new Quad(null, null, null, null);
    const a = build(depth - 1), b = build(depth - 1), c = build(depth - 1);

    return new Quad(a, b, c, build(depth - 1));
}

function count(tree) {
    if (tree === null)
        return 0;
    return 1 + count(tree.a) + count(tree.b) + count(tree.c) + count(tree.d);
}

export function* samples(run) {
    const { depth, rounds, garbage } = run.param;
    const nodes = nodesOf(depth), young = nodesOf(YOUNG_DEPTH);
    const trees = Math.max(1, Math.floor(Math.floor(nodes * garbage / 1000) / young));

    run.held = build(depth);
    run.mix(count(run.held));
    for (let r = 0; r < rounds; r++) {
        yield START;
        for (let i = 0; i < trees; i++) {
            build(YOUNG_DEPTH);
            yield 1;
        }
        run.mix(count(run.held));
    }
    run.mix(trees);
    run.count('nodes', nodes + rounds * trees * young);
}
