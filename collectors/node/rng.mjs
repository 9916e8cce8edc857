// SPDX-License-Identifier: MIT
// rng.mjs -- common/rng.h in JavaScript: the same draws, hash and checksum, bit for bit.
//
// Everything is an int32 (|0, imul), which V8 keeps in the word itself; a value above
// 2^31 - 1 in a field would be a box of its own.

export class Rng {
    constructor(seed) {
        this.a = seed | 0;
        this.b = 0x9E3779B9 | 0;
        this.c = 0x243F6A88;
        this.d = 1;
        for (let i = 0; i < 12; i++)
            this.next();
    }

    // Uniform over all 32-bit values, as 0 .. 2^32 - 1.
    next() {
        const b = this.b, c = this.c;
        const t = (this.a + b | 0) + this.d | 0;

        this.d = this.d + 1 | 0;
        this.a = b ^ (b >>> 9);
        this.b = c + (c << 3) | 0;
        this.c = (c << 21 | c >>> 11) + t | 0;
        return t >>> 0;
    }

    // In [0, n); n in [1, 2^21], where the product is exact.
    below(n) {
        return Math.floor(this.next() * n / 4294967296);
    }
}

// Folds `value` into checksum `h`; order matters.
export function mix(h, value) {
    return Math.imul((h << 5 | h >>> 27) ^ value, 0x9E3779B1);
}

// Final mixing of a checksum; also the hash of an integer key.  0 .. 2^32 - 1.
export function fin(h) {
    h ^= h >>> 16;
    h = Math.imul(h, 0x85EBCA6B);
    h ^= h >>> 13;
    h = Math.imul(h, 0xC2B2AE35);
    return (h ^ h >>> 16) >>> 0;
}
