// SPDX-License-Identifier: MIT
// file_whole.mjs -- reads a whole file into one Buffer and keeps a record of each line in an
// array that grows as V8's arrays do (by half), not by doubling.

import { Lines, NEWLINE, openFile } from '../file_lines.mjs';
import { START } from '../run.mjs';

const BATCH = 16;

function readAll(file) {
    const text = Buffer.allocUnsafeSlow(file.bytes);

    for (let done = 0; done < text.length;)
        done += file.read(text, done);
    return text;
}

// Records of up to BATCH lines; returns where the next one begins.
function addLines(lines, held, at) {
    for (let i = 0; i < BATCH && at < held.text.length; i++) {
        const end = held.text.indexOf(NEWLINE, at);

        held.records.push(lines.add(held.text, at, end));
        at = end + 1;
    }
    return at;
}

export { openFile as setup };

export function* samples(run) {
    const lines = new Lines(run);
    let at = 0;

    yield START;
    const held = run.held = { lines, text: readAll(lines.file), records: [] };

    while (at < held.text.length) {
        const before = lines.lines;

        at = addLines(lines, held, at);
        yield lines.lines - before;
    }
    run.mix(lines.lines);
    lines.finish();
}
