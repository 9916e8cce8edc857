// SPDX-License-Identifier: MIT
// file_stream.mjs -- reads a file in chunks, parses lines, indexes by tag.
//
// Chunks are Buffers, as a stream of Node's has them; the line that a chunk ends within is
// joined with the next chunk in a Buffer of its own.

import { Lines, NEWLINE, openFile } from '../file_lines.mjs';
import { START } from '../run.mjs';

const CHUNK_BYTES = 64 << 10;

// Records of the whole lines of `chunk`; returns where its last, partial line begins.
function addLines(lines, chunk) {
    let at = 0;

    for (;;) {
        const end = chunk.indexOf(NEWLINE, at);

        if (end < 0)
            return at;
        lines.add(chunk, at, end);
        at = end + 1;
    }
}

function copyOf(bytes) {
    const copy = Buffer.allocUnsafeSlow(bytes.length);

    bytes.copy(copy);
    return copy;
}

function* pass(lines) {
    let carry = null;

    lines.file.rewind();
    yield START;
    for (;;) {
        let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        const bytes = lines.file.read(chunk, 0), before = lines.lines;

        if (bytes === 0)
            break;
        chunk = chunk.subarray(0, bytes);
        if (carry !== null)
            chunk = Buffer.concat([carry, chunk]);
        const used = addLines(lines, chunk);

        carry = used < chunk.length ? copyOf(chunk.subarray(used)) : null;
        yield lines.lines - before;
    }
}

export { openFile as setup };

export function* samples(run) {
    const lines = run.held = new Lines(run);

    for (let i = 0; i < run.param.passes; i++)
        yield* pass(lines);
    lines.finish();
}
