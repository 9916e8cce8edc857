// SPDX-License-Identifier: MIT
// pauses.mjs -- V8's collections, as it calls back before and after each: in C, into a log
// that is in none of its heaps (harness/cell/cell_node_gc.c).
//
// Limits: slices of incremental marking that V8 takes while it allocates are not told of; what
// other threads mark and sweep is no pause.

import { setTimeout as wait } from 'node:timers/promises';
import { countCollections, watchCollections, writeCollections } from './native.mjs';

const HELPERS_MS = 20;                      // for memory that they give back

export class Pauses {
    constructor() {
        const why = watchCollections();

        if (why !== '')
            throw new Error(why);
    }

    // Those between the two count.
    begin() {
        countCollections('on');
    }

    end() {
        countCollections();
    }

    // Collects everything.  Twice, for what incremental marking has found alive before it
    // died stays for one more.
    async settle() {
        globalThis.gc();
        globalThis.gc();
        await wait(HELPERS_MS);
    }

    // As lines of a record.
    write(fd) {
        const why = writeCollections(String(fd));

        if (why !== '')
            throw new Error(why);
    }
}
