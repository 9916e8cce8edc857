// SPDX-License-Identifier: MIT
// connections.mjs -- open connections, a request and an answer per event.
//
// Queues are lists by hand, as in C: Array.prototype.shift moves what is behind.

import { newPayload, payloadTag } from '../payload.mjs';
import { fin } from '../rng.mjs';
import { opLoop } from '../run.mjs';

const BATCH = 16, SLOW = 100, PATIENCE = 16, QUEUE = 64, CLOSE = 256;

class Header {
    constructor(key, value, next) {
        this.key = key;
        this.value = value;
        this.next = next;
    }
}

class Request {
    constructor(method, url, headers) {
        this.method = method;
        this.url = url;
        this.headers = headers;
    }
}

class Answer {
    constructor(payload) {
        this.payload = payload;
        this.next = null;
    }
}

class Connection {
    constructor(id, rbuf) {
        this.id = id;
        this.isSlow = fin(id) % SLOW === 0;
        this.requests = 0;
        this.queued = 0;
        this.rbuf = rbuf;
        this.request = null;
        this.first = null;
        this.last = null;
    }
}

class Server {
    constructor(run) {
        this.run = run;
        this.rng = run.rng;
        this.opened = 0;
        this.connection = run.held = [];
        for (let k = 0; k < run.param.connections; k++)
            this.connection.push(this.open());
    }

    open() {
        const id = this.opened++;

        return new Connection(id, newPayload(this.run.param.rbuf, id & 0x7FFFFF));
    }

    // A payload of `least` bytes and up to `more` - 1 beyond.
    payload(least, more, tag) {
        return newPayload(least + this.rng.below(more), tag);
    }

    receive(method, i) {
        const n = 8 + this.rng.below(16);
        let headers = null;

        for (let j = 0; j < n; j++)
            headers = new Header(j, this.payload(16, 48, j), headers);
        return new Request(method, this.payload(32, 96, i & 0xFFFF), headers);
    }

    read(request) {
        let sum = 0;

        for (let header = request.headers; header !== null; header = header.next)
            sum = sum + payloadTag(header.value) | 0;
        this.run.mix(sum);
    }

    answer(connection, i) {
        const answer = new Answer(this.payload(512, 3584, i & 0x7FFFFF));

        if (connection.last === null)
            connection.first = answer;
        else
            connection.last.next = answer;
        connection.last = answer;
        connection.queued++;
    }

    // The other side takes the first answer, which there is.
    take(connection) {
        const answer = connection.first;

        connection.first = answer.next;
        if (answer.next === null)
            connection.last = null;
        connection.queued--;
        this.run.mix(payloadTag(answer.payload));
    }

    write(connection) {
        if (!connection.isSlow) {
            while (connection.queued > 0)
                this.take(connection);
        } else if (connection.requests % PATIENCE === 0 || connection.queued > QUEUE) {
            this.take(connection);
        }
    }

    event(i) {
        const n = this.connection.length, draw = this.rng.next();
        const k = this.rng.below((draw & 7) !== 0 ? Math.floor(n / 5) : n);
        const connection = this.connection[k];

        connection.request = this.receive(draw & 3, i);
        connection.requests++;
        this.answer(connection, i);
        this.read(connection.request);
        this.write(connection);
        if (this.rng.next() % CLOSE === 0) {
            this.connection[k] = this.open();
            this.run.mix(connection.requests);
        }
    }
}

export function* samples(run) {
    const server = new Server(run);

    yield* opLoop(run.param.events, BATCH, (i) => server.event(i));
    const closed = server.opened - server.connection.length;

    run.mix(closed);
    run.count('closed', closed);
}
