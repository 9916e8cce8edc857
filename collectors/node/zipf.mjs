// SPDX-License-Identifier: MIT
// zipf.mjs -- common/zipf.h in JavaScript: skewed ranks and value sizes.
//
// Only + * / sqrt floor, which IEEE 754 makes exact, in the order of the C code.  The
// tables are typed arrays, outside V8's heap.

const GUIDE = 65536;

// Value sizes in bytes, ascending; index with `hash & 63`.
export const ETC_SIZE_BYTES = new Uint16Array([
    8, 8, 9, 12, 16, 20, 23, 27, 31, 35, 40, 44, 48, 53, 58, 62, 67, 72, 78, 83, 89, 94,
    100, 106, 113, 119, 126, 133, 140, 148, 156, 164, 172, 181, 191, 200, 211, 221, 233,
    245, 257, 270, 285, 300, 316, 333, 352, 372, 393, 417, 443, 472, 504, 540, 581, 628,
    684, 750, 832, 937, 1079, 1289, 1660, 2721,
]);

export const TWITTER_SIZE_BYTES = new Uint16Array([
    1, 2, 4, 6, 10, 18, 28, 32, 36, 40, 45, 51, 57, 64, 71, 80, 88, 93, 99, 105, 112, 119,
    126, 134, 142, 151, 161, 171, 181, 193, 205, 217, 235, 258, 284, 313, 344, 378, 416,
    458, 504, 554, 610, 671, 738, 812, 893, 982, 1109, 1286, 1491, 1729, 2005, 2325, 2696,
    3126, 3625, 4203, 6290, 9683, 14907, 22950, 35330, 54390,
]);

// k^(quarters/4).
function power(k, quarters) {
    const root2 = Math.sqrt(k), root4 = Math.sqrt(root2);
    let product = 1;

    for (; quarters >= 4; quarters -= 4)
        product = product * k;
    if (quarters >= 2) {
        product = product * root2;
        quarters -= 2;
    }
    return quarters >= 1 ? product * root4 : product;
}

export class Zipf {
    constructor(n, quarters) {
        let total = 0, sum = 0, rank = 0;

        this.cdf = new Uint32Array(n);
        this.guide = new Uint32Array(GUIDE);
        for (let k = 1; k <= n; k++)
            total = total + 1 / power(k, quarters);
        for (let k = 1; k <= n; k++) {
            sum = sum + 1 / power(k, quarters);
            this.cdf[k - 1] = Math.floor(sum / total * 4294967295);
        }
        this.cdf[n - 1] = 4294967295;
        for (let top = 0; top < GUIDE; top++) {
            while (this.cdf[rank] < top * 65536)
                rank++;
            this.guide[top] = rank;
        }
    }

    // A rank in [0, n), 0 the most likely.
    next(rng) {
        const u = rng.next(), cdf = this.cdf;
        let rank = this.guide[u >>> 16];

        while (cdf[rank] < u)
            rank++;
        return rank;
    }
}
