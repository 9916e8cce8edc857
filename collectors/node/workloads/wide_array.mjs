// SPDX-License-Identifier: MIT
// wide_array.mjs -- one array of a million references, rarely stored into.

import { opLoop } from '../run.mjs';

const BATCH = 16;

class Leaf {
    constructor(number) {
        this.number = number;
        this.spare = ~number;
    }
}

function fill(array, refs) {
    for (let k = 0; k < refs; k++)
        array[k] = new Leaf(k);
}

function sumOf(array) {
    let sum = 0;

    for (let k = 0; k < array.length; k++)
        sum = sum + array[k].number | 0;
    return sum;
}

export function* samples(run) {
    const { refs, ops, garbage } = run.param;
    const array = run.held = new Array(refs).fill(null);

    fill(array, refs);
    yield* opLoop(ops, BATCH, (i) => {
        const place = run.rng.below(refs);
        let sum = 0;

        for (let k = 0; k < garbage; k++)
            sum = sum + run.escape(new Leaf(i + k)).number | 0;
        run.mix(sum ^ array[place].number);
        array[place] = new Leaf(i);
    });
    run.mix(sumOf(array));
    run.count('leaves', refs);
}
