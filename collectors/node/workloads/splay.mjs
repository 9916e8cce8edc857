// SPDX-License-Identifier: MIT
// splay.mjs -- a splay tree whose nodes, with large values, come and go.

import { opLoop } from '../run.mjs';

const VALUE_DEPTH = 5, ARRAY = 10;

// A literal's elements would be shared until somebody writes to them; those of an array that
// was written to are copied by slice().
const numbers = [];

for (let i = 0; i < ARRAY; i++)
    numbers.push(i);
const template = numbers.slice();

class Node {
    constructor(key, value) {
        this.key = key;                     // 0 .. 2^31 - 1
        this.value = value;
        this.left = null;
        this.right = null;
    }
}

class Inner {
    constructor() {
        this.left = null;
        this.right = null;
    }
}

class Leaf {
    constructor(array, tag) {
        this.array = array;
        this.tag = tag;
    }
}

function newLeaf(tag) {
    return new Leaf(template.slice(), tag);
}

function newValue(depth, tag) {
    const inner = new Inner();

    inner.left = depth === 1 ? newLeaf(tag) : newValue(depth - 1, tag);
    inner.right = depth === 1 ? newLeaf(tag) : newValue(depth - 1, tag);
    return inner;
}

function leavesOf(value, depth, tag) {
    if (depth > 0) {
        return leavesOf(value.left, depth - 1, tag) + leavesOf(value.right, depth - 1, tag);
    }
    return value.tag === tag ? 1 : 0;
}

function rotateRight(node) {
    const child = node.left;

    node.left = child.right;
    child.right = node;
    return child;
}

function rotateLeft(node) {
    const child = node.right;

    node.right = child.left;
    child.left = node;
    return child;
}

class Tree {
    constructor(run) {
        this.run = run;
        this.root = null;
    }

    // Brings the node of `key`, or the last one on the way to it, to the top of the tree,
    // which is not empty.  The two halves hang from a node of its own: nursery garbage.
    toTop(key) {
        const halves = new Node(0, null);
        let below = halves, above = halves, at = this.root;

        while (key !== at.key) {
            if (key < at.key) {
                if (at.left === null)
                    break;
                if (key < at.left.key) {
                    at = rotateRight(at);
                    if (at.left === null)
                        break;
                }
                above.left = at;
                above = at;
                at = at.left;
            } else {
                if (at.right === null)
                    break;
                if (key > at.right.key) {
                    at = rotateLeft(at);
                    if (at.right === null)
                        break;
                }
                below.right = at;
                below = at;
                at = at.right;
            }
        }
        below.right = at.left;
        above.left = at.right;
        at.left = halves.right;
        at.right = halves.left;
        this.root = at;
    }

    addTop(key, value) {
        const node = new Node(key, value), top = this.root;

        if (top !== null && key > top.key) {
            node.left = top;
            node.right = top.right;
            top.right = null;
        } else if (top !== null) {
            node.right = top;
            node.left = top.left;
            top.left = null;
        }
        this.root = node;
    }

    // False, and `value` is forgotten, when there is a node of this key.
    insert(key, value) {
        if (this.root !== null) {
            this.toTop(key);
            if (this.root.key === key)
                return false;
        }
        this.addTop(key, value);
        return true;
    }

    insertNew() {
        for (;;) {
            const key = this.run.rng.next() >>> 1;

            if (this.insert(key, newValue(VALUE_DEPTH, key)))
                return key;
        }
    }

    // The greatest key below `key`, which is in the tree; else `key`.
    keyBefore(key) {
        this.toTop(key);
        let node = this.root.left;

        if (node === null)
            return key;
        while (node.right !== null)
            node = node.right;
        return node.key;
    }

    remove(key) {
        this.toTop(key);
        const removed = this.root;

        if (removed.left === null) {
            this.root = removed.right;
        } else {
            this.root = removed.left;
            this.toTop(key);
            this.root.right = removed.right;
        }
        return removed.key;
    }

    modify() {
        this.run.mix(this.remove(this.keyBefore(this.insertNew())));
    }

    // Makes the tree one path of right children; counts nodes that are in order and leaves
    // that are those of their node.
    straighten() {
        let last = null, keys = 0, leaves = 0;

        for (let node = this.root; node !== null; node = node.right) {
            while (node.left !== null)
                node = rotateRight(node);
            if (last === null)
                this.root = node;
            else
                last.right = node;
            leaves += leavesOf(node.value, VALUE_DEPTH, node.key);
            keys += last === null || last.key < node.key ? 1 : 0;
            last = node;
        }
        return { keys, leaves };
    }
}

function fill(tree, keys) {
    for (let i = 0; i < keys; i++)
        tree.insertNew();
}

export function* samples(run) {
    const tree = run.held = new Tree(run);

    fill(tree, run.param.keys);
    yield* opLoop(run.param.ops, 1, () => tree.modify());
    const { keys, leaves } = tree.straighten();

    run.count('keys', keys);
    run.count('leaves', leaves);
}
