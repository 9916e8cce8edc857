// SPDX-License-Identifier: MIT
// binary_trees.mjs -- perfect trees that die young beside one that lives.

import { START } from '../run.mjs';

const MIN_DEPTH = 4;

class Node {
    constructor() {
        this.left = null;
        this.right = null;
    }
}

// A parent is older than its children, as in C.
function build(depth) {
    const node = new Node();

    if (depth > 0) {
        node.left = build(depth - 1);
        node.right = build(depth - 1);
    }
    return node;
}

function count(tree) {
    return tree.left === null ? 1 : 1 + count(tree.left) + count(tree.right);
}

function many(trees, depth) {
    let sum = 0;

    for (let i = 0; i < trees; i++)
        sum += count(build(depth));
    return sum;
}

export function* samples(run) {
    const { depth, step } = run.param;
    let nodes = many(1, depth + 1);

    run.mix(nodes);
    yield 0;
    run.held = build(depth);
    yield 0;
    for (let d = MIN_DEPTH; d <= depth; d += step) {
        const trees = 2 ** (depth - d + MIN_DEPTH), batch = d < 8 ? 2 ** (8 - d) : 1;
        let sum = 0;

        yield START;
        for (let done = 0; done < trees; done += batch) {
            sum += many(batch, d);
            yield batch;
        }
        run.mix(sum);
        nodes += sum;
    }
    run.mix(count(run.held));
    run.count('nodes', nodes);
}
