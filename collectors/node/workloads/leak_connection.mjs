// SPDX-License-Identifier: MIT
// leak_connection.mjs -- errors lose a connection, and the next request opens another.

import { leakLoop } from '../leak.mjs';
import { newPayload } from '../payload.mjs';

const BUFFER_BYTES = 4096;

class Connection {
    constructor(buffer) {
        this.buffer = buffer;
        this.next = null;
        this.requests = 0;
    }
}

class Pool {
    constructor() {
        this.idle = null;
        this.opened = 0;
    }

    take() {
        const connection = this.idle;

        if (connection === null)
            return new Connection(newPayload(BUFFER_BYTES, this.opened++ & 0x7FFFFF));
        this.idle = connection.next;
        return connection;
    }

    give(connection) {
        connection.next = this.idle;
        this.idle = connection;
    }
}

export function* samples(run) {
    const pool = run.held = new Pool(), { errors, twin } = run.param;

    yield* leakLoop(run, (payload) => {
        const failed = run.rng.below(100) < errors, connection = pool.take();

        connection.requests++;
        if (!failed || twin)
            pool.give(connection);
        return payload;
    });
    run.count('opened', pool.opened);
}
