// SPDX-License-Identifier: MIT
// run.mjs -- what a workload works with: workloads/run.h in JavaScript.
//
// A workload's module exports `samples`, a generator that takes a Run: `yield n` ends
// a sample of n operations and opens the next one, `yield START` opens it anew.  A `setup`,
// if there is one, runs before the clock.  What the program still holds when it has ended
// is in `held`.  Hot loops belong in plain functions: V8 optimises them better.

import { fin, mix, Rng } from './rng.mjs';

export const START = -1;

export class Run {
    constructor(request) {
        this.param = request.param;         // numbers by name
        this.inputDir = request.input_dir;
        this.rng = new Rng(request.seed);
        this.checksum = 0;                  // unfinished
        this.counters = [];
        this.held = null;
        this.escaped = null;
    }

    mix(value) {
        this.checksum = mix(this.checksum, value);
    }

    // Returns `object`, which V8 must now allocate: it would else see that nobody but this
    // function looks at it, and make none.  The last one stays, as in a register.
    escape(object) {
        this.escaped = object;
        return object;
    }

    // A result that must agree with every other strategy's.
    count(name, value) {
        this.counters.push([name, value]);
    }

    // Eight hexadecimal digits.  The sum over one thread is that thread's.
    get finished() {
        return fin(this.checksum).toString(16).padStart(8, '0');
    }
}

// Calls op(i) for i = 0 .. ops - 1, in samples of `batch` operations.
export function* opLoop(ops, batch, op) {
    yield START;
    for (let done = 0; done < ops;) {
        const n = Math.min(batch, ops - done);

        opBatch(done, n, op);
        yield n;
        done += n;
    }
}

function opBatch(from, n, op) {
    for (let i = from; i < from + n; i++)
        op(i);
}
