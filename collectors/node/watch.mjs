// SPDX-License-Identifier: MIT
// watch.mjs -- workloads/watch_rss.h in JavaScript: whether memory comes back once the program
// has dropped all.  The event loop turns meanwhile.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

const LOOK_MS = [0, 100, 1000, 5000, 10000];
const SERVE_MS = 10;

function kib(text, name) {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]);
}

// Pages given back by MADV_FREE do not count.
export function rssHeldBytes() {
    const text = readFileSync('/proc/self/smaps_rollup', 'latin1');

    return 1024 * (kib(text, 'Rss') - kib(text, 'LazyFree'));
}

// The resident set at each time within `watchMs`, as figures; `serve` is what the program
// does every SERVE_MS.
export async function watchRss(watchMs, serve) {
    const startMs = performance.now(), figures = [];

    for (const lookMs of LOOK_MS.filter((ms) => ms <= watchMs)) {
        for (let leftMs; (leftMs = startMs + lookMs - performance.now()) > 0;) {
            serve();
            await wait(Math.min(SERVE_MS, leftMs));
        }
        figures.push([`rss_${lookMs}ms_bytes`, rssHeldBytes()]);
    }
    return figures;
}
