// SPDX-License-Identifier: MIT
// payload.mjs -- workloads/payload.h in JavaScript: values without references, every byte
// of which is written.
//
// On V8's heap a payload is an array of as many doubles as the C one has; with the option
// `buffers` it is a Buffer of as many bytes, which malloc provides outside of that heap.
// V8 has no array of raw bytes on its heap that a program could fill, so bytes of one
// value are doubles of that value there.

let buffers = false;

export function choosePayloads(inBuffers) {
    buffers = inBuffers;
}

// One template per length: slice() of packed doubles is one allocation and one copy, where
// new Array(n).fill(0.5) makes an array of words first.
//
// Short ones stand in an array that has its length from the beginning: one that grows by
// leaps becomes a dictionary, and each look into it twice as slow.
const SHORT = 8192; // 64 KiB
export const shortTemplates = new Array(SHORT).fill(undefined);
const longTemplates = new Map();

function makeTemplate(n) {
    const template = [];

    for (let i = 0; i < n; i++)
        template.push(0.5);
    if (n < SHORT)
        shortTemplates[n] = template;
    else
        longTemplates.set(n, template);
    return template;
}

function doubles(bytes) {
    const n = bytes + 7 >>> 3;
    const template = n < SHORT ? shortTemplates[n] : longTemplates.get(n);

    return (template ?? makeTemplate(n)).slice();
}

// A payload in a Buffer, whatever was chosen.
export function newBuffer(bytes, tag) {
    const buffer = Buffer.allocUnsafeSlow(bytes < 8 ? 8 : bytes);

    buffer.fill(7);
    buffer.writeInt32LE(tag, 0);
    return buffer;
}

export function bufferTag(buffer) {
    return buffer.readInt32LE(0);
}

// A payload of `bytes` >= 1 with 0 <= tag < 2^23.
export function newPayload(bytes, tag) {
    if (buffers)
        return newBuffer(bytes, tag);
    const array = doubles(bytes);

    array[0] = tag + 0.5;
    array[array.length - 1] = tag + 0.5;
    return array;
}

// The tag, read back from the payload's memory.
export function payloadTag(payload) {
    return buffers ? bufferTag(payload) : payload[0] | 0;
}

// `bytes` times the same byte.
export function newBytes(bytes, byte) {
    return buffers ? Buffer.allocUnsafeSlow(bytes).fill(byte)
                   : doubles(bytes).fill(byte + 0.5);
}

// The byte at one of its ends.
export function firstByte(array) {
    return array[0] | 0;
}

export function lastByte(array) {
    return array[array.length - 1] | 0;
}
