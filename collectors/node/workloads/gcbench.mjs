// SPDX-License-Identifier: MIT
// gcbench.mjs -- short-lived trees, parents first and children first, beside a long-lived
// tree and array.  The array is a typed one: numbers that nobody has written cost nothing,
// as in C.

import { START } from '../run.mjs';

const ORIGINAL_DEPTH = 16, ORIGINAL_ELEMENTS = 500000;
const MIN_DEPTH = 4;
const PROBE = 1000;

class Node {
    constructor(height, tree) {
        this.left = null;
        this.right = null;
        this.height = height;
        this.tree = tree;
    }
}

function populate(node, height, tree) {
    node.left = new Node(height - 1, tree);
    node.right = new Node(height - 1, tree);
    if (height > 1) {
        populate(node.left, height - 1, tree);
        populate(node.right, height - 1, tree);
    }
}

function topDown(height, tree) {
    const node = new Node(height, tree);

    populate(node, height, tree);
    return node;
}

function bottomUp(height, tree) {
    if (height === 0)
        return new Node(0, tree);
    const left = bottomUp(height - 1, tree), right = bottomUp(height - 1, tree);
    const node = new Node(height, tree);

    node.left = left;
    node.right = right;
    return node;
}

// The numbers on the path that the bits of `turns` choose.
function path(node, turns) {
    let sum = 0;

    for (; node !== null; turns >>>= 1) {
        sum = sum + node.height + node.tree | 0;
        node = turns & 1 ? node.right : node.left;
    }
    return sum;
}

function nodesOf(depth) {
    return 2 * 2 ** depth - 1;
}

class Forest {
    constructor(run) {
        this.run = run;
        this.tree = 0;                      // number of the one being built
        this.nodes = 0;
        this.sum = 0;
    }

    some(trees, depth, build) {
        for (let i = 0; i < trees; i++) {
            const tree = ++this.tree;

            this.nodes += nodesOf(depth);
            this.run.mix(path(build(depth, tree), tree));
        }
    }

    count(node) {
        if (node === null)
            return 0;
        this.sum = this.sum + node.height + node.tree | 0;
        return 1 + this.count(node.left) + this.count(node.right);
    }
}

// A sample has about 2^9 nodes, or one tree.
function* many(forest, depth, build) {
    const trees = Math.floor(2 * nodesOf(forest.run.param.depth + 2) / nodesOf(depth));
    const batch = depth < 8 ? 2 ** (8 - depth) : 1;

    yield START;
    for (let done = 0; done < trees; done += batch) {
        const n = Math.min(batch, trees - done);

        forest.some(n, depth, build);
        yield n;
    }
}

// The first half is filled, with 1/i.
function reciprocals(elements) {
    const value = new Float64Array(elements);

    value[0] = 1;
    for (let i = 1; i < elements >> 1; i++)
        value[i] = 1 / i;
    return value;
}

export function* samples(run) {
    const { depth, stretch } = run.param;
    const elements = Math.floor(ORIGINAL_ELEMENTS * 2 ** depth / 2 ** ORIGINAL_DEPTH);
    const forest = new Forest(run);

    if (stretch)
        forest.some(1, depth + 2, bottomUp);
    forest.tree = 0;
    forest.nodes += nodesOf(depth);
    run.held = { tree: topDown(depth, 0), array: reciprocals(elements) };
    for (let d = MIN_DEPTH; d <= depth; d += 2) {
        yield* many(forest, d, topDown);
        yield* many(forest, d, bottomUp);
    }
    const longLived = forest.count(run.held.tree);

    run.mix(forest.sum);
    run.mix(longLived);
    run.mix(1 / run.held.array[Math.min(elements >> 2, PROBE)] + 0.5 | 0);
    run.count('nodes', forest.nodes);
    run.count('long_lived', longLived);
}
