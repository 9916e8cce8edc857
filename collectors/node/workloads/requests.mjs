// SPDX-License-Identifier: MIT
// requests.mjs -- a tree of small objects per request, the last one kept per session.

import { newPayload, payloadTag } from '../payload.mjs';
import { mix } from '../rng.mjs';
import { opLoop } from '../run.mjs';

const OBJECT = 0, NUMBER = 1, STRING = 2, KINDS = 4;
const DEPTH = 5, BUDGET = 200;

class Node {
    constructor(kind) {
        this.kind = kind;
        this.number = 0;
        this.key = 0;
        this.string = null;
        this.first = null;
        this.next = null;
    }
}

class Server {
    constructor(run) {
        this.run = run;
        this.rng = run.rng;
        this.session = run.held = new Array(run.param.sessions).fill(null);
        this.budget = 0;                    // nodes that the request may still have
        this.nodes = 0;                     // that the walk has seen
    }

    leaf(kind) {
        const node = new Node(kind);

        if (kind === NUMBER) {
            node.number = this.rng.next() & 0xFFFFFF;
        } else {
            const bytes = 8 + this.rng.below(56);

            node.string = newPayload(bytes, this.rng.next() & 0xFFFF);
        }
        return node;
    }

    // An object or array: up to six children while the budget lasts.
    inner(kind, depth) {
        const node = new Node(kind), children = 1 + this.rng.below(6);
        let last = null;

        for (let i = 0; i < children && this.budget > 0; i++) {
            const child = this.build(depth - 1);

            child.key = i;
            if (last === null)
                node.first = child;
            else
                last.next = child;
            last = child;
        }
        return node;
    }

    build(depth) {
        const kind = depth === 0 ? NUMBER + this.rng.below(2) : this.rng.below(KINDS);

        this.budget--;
        return kind === NUMBER || kind === STRING ? this.leaf(kind) : this.inner(kind, depth);
    }

    receive() {
        const root = new Node(OBJECT);
        let last = null;

        this.budget = BUDGET;
        while (this.budget > 0) {
            const child = this.build(DEPTH);

            if (last === null)
                root.first = child;
            else
                last.next = child;
            last = child;
        }
        return root;
    }

    walk(node) {
        let sum = node.kind;

        this.nodes++;
        if (node.kind === NUMBER)
            sum = sum + node.number | 0;
        else if (node.kind === STRING)
            sum = sum + payloadTag(node.string) | 0;
        for (let child = node.first; child !== null; child = child.next)
            sum = mix(sum, this.walk(child));
        return sum;
    }

    serve() {
        const request = this.receive();

        this.nodes = 0;
        this.run.mix(this.walk(request));
        this.run.mix(this.nodes);
        this.session[this.rng.below(this.session.length)] = request.first;
    }
}

export function* samples(run) {
    const server = new Server(run);

    yield* opLoop(run.param.requests, 1, () => server.serve());
}
