// SPDX-License-Identifier: MIT
// file_lines.mjs -- what file_stream and file_whole share: a line becomes a record, and an
// index holds for each tag a count, a sum and the latest record.
//
// Name and tag are strings of their own (latin1Slice copies).  The index is a Map, in which
// nothing is ever deleted.

import { InputFile } from './input_file.mjs';

const COMMA = 44, ZERO = 48;
export const NEWLINE = 10;

class Record {
    constructor(id, name, tag, amount) {
        this.id = id;
        this.name = name;
        this.tag = tag;
        this.amount = amount;
    }
}

class Group {
    constructor(tag) {
        this.tag = tag;
        this.lines = 0;
        this.sum = 0;
        this.last = null;
    }
}

function number(text, at, end) {
    let n = 0;

    for (; at < end; at++)
        n = n * 10 + text[at] - ZERO;
    return n;
}

let file = null;

// The workloads' setup.
export function openFile(run) {
    file = new InputFile(run.inputDir, run.param.bytes);
}

export class Lines {
    constructor(run) {
        this.run = run;
        this.file = file;
        this.group = new Map();
        this.lines = 0;
    }

    // Makes a record of the line text[at, end) and puts it into the index.
    add(text, at, end) {
        const comma1 = text.indexOf(COMMA, at), comma2 = text.indexOf(COMMA, comma1 + 1);
        const comma3 = text.indexOf(COMMA, comma2 + 1);
        const id = number(text, at, comma1), amount = number(text, comma3 + 1, end);
        const name = text.latin1Slice(comma1 + 1, comma2);
        const record = new Record(id, name, text.latin1Slice(comma2 + 1, comma3), amount);

        this.index(record);
        this.run.mix(id ^ amount);
        this.lines++;
        return record;
    }

    index(record) {
        let group = this.group.get(record.tag);

        if (group === undefined) {
            group = new Group(record.tag);
            this.group.set(record.tag, group);
        }
        group.lines++;
        group.sum = group.sum + record.amount | 0;
        group.last = record;
    }

    finish() {
        this.run.mix(this.group.size);
        this.run.count('lines', this.lines);
        this.run.count('tags', this.group.size);
    }
}
