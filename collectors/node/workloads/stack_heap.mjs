// SPDX-License-Identifier: MIT
// stack_heap.mjs -- one recursion, its frames on the stack or on the heap.
//
// `struct` and `alloca` are objects that do not escape: V8 keeps them on its heap until the
// function is optimised, and then, when its analysis sees through, nowhere.  A box is an
// object of one number.

const X = 7, SUBTREE = 12, DEEP = 5;

class Frame {
    constructor(parent, depth, x) {
        this.parent = parent;
        this.x = x;
        this.a = x + 1 | 0;
        this.b = Math.imul(x, 3);
        this.c = this.a ^ this.b;
        this.e = this.c + depth | 0;
    }
}

class Box {
    constructor(value) {
        this.value = value | 0;
    }
}

function locals(depth, x) {
    const a = x + 1 | 0, b = Math.imul(x, 3), c = a ^ b;

    if (depth === 0)
        return c;
    return (locals(depth - 1, a) ^ locals(depth - 1, b)) + c | 0;
}

function struct(depth, x) {
    const frame = new Frame(null, depth, x);

    if (depth === 0)
        return frame.e;
    return (struct(depth - 1, frame.a) ^ struct(depth - 1, frame.b)) + frame.c | 0;
}

function frames(depth, x, parent) {
    const frame = new Frame(parent, depth, x);

    if (depth === 0)
        return frame.e;
    return (frames(depth - 1, frame.a, frame) ^ frames(depth - 1, frame.b, frame)) + frame.c | 0;
}

function boxed(depth, x) {
    const a = new Box(x.value + 1), b = new Box(Math.imul(x.value, 3));
    const c = new Box(a.value ^ b.value), e = new Box(c.value + depth);

    if (depth === 0)
        return e;
    return new Box((boxed(depth - 1, a).value ^ boxed(depth - 1, b).value) + c.value);
}

// `levels` calls, each with a frame, and the subtree below them.
function deep(levels, depth, x, parent) {
    const frame = new Frame(parent, depth, x);

    return levels === 1 ? frames(depth, x, frame) : deep(levels - 1, depth, x, frame);
}

const variants = (levels) => [
    locals,
    struct,
    struct,
    (depth, x) => frames(depth, x, null),
    (depth, x) => boxed(depth, new Box(x)).value,
    (depth, x) => deep(levels, depth, x, null),
];

// The tree above the subtrees: locals, whatever the variant is.  `above`: calls that each
// subtree has above it, too.
function* top(variant, above, depth, x) {
    if (depth <= SUBTREE) {
        const value = variant(depth, x);

        yield 2 ** (depth + 1) + above;
        return value;
    }
    const a = x + 1 | 0, b = Math.imul(x, 3);
    const left = yield* top(variant, above, depth - 1, a);
    const right = yield* top(variant, above, depth - 1, b);

    return (left ^ right) + (a ^ b) | 0;
}

// The number is the whole checksum.
export function* samples(run) {
    const { depth, variant, levels } = run.param;

    run.checksum = yield* top(variants(levels)[variant], variant === DEEP ? levels : 0, depth, X);
}
