// SPDX-License-Identifier: MIT
// input_file.mjs -- workloads/input_file.h in JavaScript: the same file under the same name,
// so that whichever cell comes first makes it for all.

import { closeSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { Rng } from './rng.mjs';

const SEED = 1, TAGS = 64 * 64, BLOCK_LINES = 1000;
const FIXED_BYTES = ',user,tag,\n'.length;

function digits(n) {
    let count = 1;

    for (; n >= 10; n = Math.floor(n / 10))
        count++;
    return count;
}

// Calls line(id, user, tag, amount), which returns its bytes, until the file is whole.
// Returns the bytes of all.
function eachLine(leastBytes, line) {
    const rng = new Rng(SEED);
    let bytes = 0;

    for (let id = 0; id % BLOCK_LINES !== 0 || bytes < leastBytes; id++) {
        const tag = rng.below(TAGS), user = rng.next() % 1000000;

        bytes += line(id, user, tag, rng.next() % 100000);
    }
    return bytes;
}

function exactBytes(leastBytes) {
    return eachLine(leastBytes, (id, user, tag, amount) =>
        FIXED_BYTES + digits(id) + digits(user) + digits(tag) + digits(amount));
}

function writeAll(fd, text) {
    const bytes = Buffer.from(text, 'latin1');

    for (let done = 0; done < bytes.length;)
        done += writeSync(fd, bytes, done);
}

// Under another name first: one that dies must not leave half a file behind for others.
function make(path, leastBytes) {
    const part = `${path}.${process.pid}`, fd = openSync(part, 'w');
    let block = [];

    eachLine(leastBytes, (id, user, tag, amount) => {
        const line = `${id},user${user},tag${tag},${amount}\n`;

        block.push(line);
        if (block.length === BLOCK_LINES) {
            writeAll(fd, block.join(''));
            block = [];
        }
        return line.length;
    });
    closeSync(fd);
    renameSync(part, path);
}

function isThere(path, bytes) {
    const status = statSync(path, { throwIfNoEntry: false });

    return status !== undefined && status.isFile() && status.size === bytes;
}

export class InputFile {
    // Opens the file of at least so many bytes, and reads it once so that it is in memory.
    constructor(dir, leastBytes) {
        this.bytes = exactBytes(leastBytes);
        this.path = `${dir}/lines-${this.bytes}-${SEED}.csv`;
        if (!isThere(this.path, this.bytes))
            make(this.path, leastBytes);
        this.fd = openSync(this.path);
        this.at = 0;
        const buffer = Buffer.allocUnsafeSlow(1 << 16);

        while (this.read(buffer, 0) > 0)
            continue;
        this.rewind();
    }

    rewind() {
        this.at = 0;
    }

    // Reads into `buffer` from byte `from` on; 0 at the end.
    read(buffer, from) {
        const n = readSync(this.fd, buffer, from, buffer.length - from, this.at);

        this.at += n;
        return n;
    }
}
