// SPDX-License-Identifier: MIT
// record.mjs -- the record of docs/protocol.md.

import { writeSync } from 'node:fs';
import { clockCostNs } from './window.mjs';

class Lines {
    constructor() {
        this.text = [];
    }

    add(...fields) {
        this.text.push(fields.join('\t') + '\n');
    }

    addAll(numbers) {
        for (const [name, value] of Object.entries(numbers))
            this.add(name, value);
    }
}

function addWindow(lines, window) {
    const { user_ns, sys_ns, mutator_cpu_ns, ...counts } = window.used;
    const cpu_ns = user_ns + sys_ns, start = window.startNs;

    lines.addAll({ wall_ns: window.wallNs, cpu_ns, user_ns, sys_ns, ...counts });
    if (!Number.isNaN(mutator_cpu_ns))      // the two clocks round apart
        lines.add('mutator_cpu_ns', Math.min(mutator_cpu_ns, cpu_ns));
    lines.add('window', start, start + window.wallNs);
}

function addLatency(lines, latency, metered) {
    lines.add('lat_n', latency.n);
    if (latency.n > 0)
        lines.add('lat_max_ns', latency.maxNs);
    latency.forEach((low, high, count) => lines.add('hist', low, high, count));
    metered?.forEach((low, high, count) => lines.add('metered', low, high, count));
}

// `v8_*` lines are this cell's own; the driver passes over names it does not know.
function addCheckpoints(lines, checkpoint) {
    checkpoint.forEach(({ ops, rss, heap }, i) => {
        lines.add('checkpoint', i + 1, ops, rss, heap.used + heap.external, heap.held);
        lines.add('v8_checkpoint', i + 1, heap.used, heap.total, heap.external);
    });
}

function writeAll(fd, { text }) {
    const bytes = Buffer.from(text.join(''));

    for (let done = 0; done < bytes.length;)
        done += writeSync(fd, bytes, done);
}

// Writes what `found` has.  Throws when it cannot be written.
export function writeRecord(fd, found) {
    const lines = new Lines();

    lines.add('status', ...found.status);
    lines.add('malloc', found.malloc);
    lines.addAll(found.known);
    lines.add('v8_version', process.versions.v8);
    if (found.status[0] === 'ok') {
        lines.addAll(found.finished);
        found.counters.forEach(([name, value]) => lines.add('counter', name, value));
        found.figures?.forEach(([name, value]) => lines.add('figure', name, value));
        addWindow(lines, found.window);
        addLatency(lines, found.latency, found.metered);
        addCheckpoints(lines, found.checkpoint);
        lines.add('clock_cost_ns', clockCostNs());
    }
    writeAll(fd, lines);
    found.pauses?.write(fd);
    writeAll(fd, { text: ['end\n'] });
}
