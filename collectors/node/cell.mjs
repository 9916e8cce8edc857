// SPDX-License-Identifier: MIT
// cell.mjs -- one run of one workload under real V8: what heapmark-cell-node becomes when it
// has checked the request (harness/cell/cell_node.c; all words here are numbers in range).
//
// Source:     Node.js, its V8 as shipped; no flag but those that the request asks for and
//             --expose-gc, which changes nothing until gc() is called.
// Differs:    objects are V8's: a header of 24 bytes and 8 per field, numbers of 32 bits
//             in place, so the ledger of needed bytes stays that of the C program.  `node`
//             runs to the end without turning the event loop, as a C program would;
//             with `poll_us`, which `node_loop` always has, it turns between two samples, as
//             a server does, when so much time has passed, and V8 does there what it
//             otherwise does within an operation.
// Invariants: nothing is read from the heap statistics or the entries of collections inside
//             an operation; samples end where the C workload's end.
// Costs:      44 MiB and 40 ms before the first operation; a sample 90 ns (the clock alone 50)
//             and 64 bytes of garbage; a system call per millisecond for the progress page.
// Threads:    one mutator; V8's own helpers collect beside it unless `node_1gc` forbids.

import { Meter, PHASE } from './meter.mjs';
import { Metered } from './metered.mjs';
import { mallocPath, otherMalloc, trim } from './native.mjs';
import { choosePayloads } from './payload.mjs';
import { Pauses } from './pauses.mjs';
import { writeRecord } from './record.mjs';
import { Run } from './run.mjs';
import { Schedule } from './schedule.mjs';
import { rssHeldBytes, watchRss } from './watch.mjs';
import { rssPeakBytes, Window } from './window.mjs';

function readRequest(words) {
    const request = { workload: words[0], param: {}, option: {} };

    for (const word of words.slice(1)) {
        const at = word.indexOf('='), value = word.slice(at + 1);
        const [group, name] = word.slice(0, at).split('.');

        if (name !== undefined)
            request[group][name] = Number(value);
        else
            request[group] = /^-?\d+$/.test(value) ? Number(value) : value;
    }
    return request;
}

function markOne(meter, ops) {
    if (ops < 0)
        meter.start();
    else
        meter.mark(ops);
}

function markAll(samples, meter) {
    meter.start();
    for (const ops of samples) {
        markOne(meter, ops);
        if (meter.schedule !== null)
            meter.schedule.wait();
    }
}

// An open loop: it sleeps between turns, for each leaves garbage; what a turn takes is in the
// latency of those who have arrived meanwhile.
async function serveAllInTurns(samples, meter, pollMs) {
    const { schedule } = meter;
    let turnMs = performance.now();

    for (const ops of samples) {
        markOne(meter, ops);
        while (schedule.leftMs > 0 || performance.now() - turnMs >= pollMs) {
            schedule.wait(turnMs + pollMs);
            if (performance.now() - turnMs < pollMs)
                continue;
            await new Promise((resolve) => setImmediate(resolve));
            turnMs = performance.now();
        }
    }
}

async function markAllInTurns(samples, meter, pollMs) {
    meter.start();
    let turnMs = meter.startMs;

    for (const ops of samples) {
        markOne(meter, ops);
        if (meter.startMs - turnMs < pollMs)
            continue;
        await new Promise((resolve) => setImmediate(resolve));
        meter.start();
        turnMs = meter.startMs;
    }
}

// Buffers that malloc refuses throw; a full heap of V8's ends the process (and the driver
// reads that from its last words).
function isExhausted(error) {
    return error instanceof RangeError && /allocation failed/i.test(error.message);
}

// The generator holds what its variables held: it is made here, for nothing of it may stay in
// a frame that is still there when everything is dropped.
function runToTheEnd(window, workload, run, meter) {
    window.begin();
    try {
        markAll(workload.samples(run), meter);
    } finally {
        window.end();
    }
}

async function runInTurns(window, workload, run, meter, pollMs) {
    window.begin();
    try {
        if (meter.schedule === null)
            await markAllInTurns(workload.samples(run), meter, pollMs);
        else
            await serveAllInTurns(workload.samples(run), meter, pollMs);
    } finally {
        window.end();
    }
}

// Returns why memory ran out; null when it did not.
async function runWorkload(request, window, workload, run, meter) {
    try {
        if (request.poll_us > 0)
            await runInTurns(window, workload, run, meter, request.poll_us / 1000);
        else
            runToTheEnd(window, workload, run, meter);
    } catch (error) {
        if (!isExhausted(error))
            throw error;
        return error.message;
    }
    return null;
}

function queueReason(schedule) {
    return 'more arrived than it could serve: ' +
        `no wait after ${schedule.idle} of ${schedule.served} arrivals; ` +
        `${Math.floor(schedule.lateMs * 1000)} us late at the end`;
}

function known(meter, before) {
    meter.lookAtHeap();
    return {
        ...before,
        rss_peak_bytes: rssPeakBytes(),
        ops: meter.ops,
        heap_peak_bytes: meter.heapPeakBytes,
    };
}

// A workload with a `watch_ms` asks whether memory comes back.
async function watchAndTrim(request, workload, run, found) {
    const { watch_ms } = request.param;

    if (watch_ms !== undefined) {
        found.figures = await watchRss(watch_ms, () => workload.serve(run));
        globalThis.gc();
    }
    found.finished.rss_drained_bytes = process.memoryUsage.rss();
    if (watch_ms !== undefined && trim() !== '') {
        found.figures.push(['rss_trimmed_bytes', rssHeldBytes()]);
    }
}

async function measure(request, workload, found) {
    const run = new Run(request), pauses = new Pauses();
    const schedule = request.rate_per_s > 0 ? new Schedule(request.rate_per_s) : null;
    const metered = request.arrivals && schedule === null ? new Metered() : null;
    const meter = new Meter(request.progress_fd, request.leak ? request.param.steps : 0,
                            schedule, metered);
    const window = found.window = new Window(pauses);

    meter.phase(PHASE.setup);
    workload.setup?.(run);
    found.known.rss_base_bytes = process.memoryUsage.rss();
    meter.phase(PHASE.run);
    const full = await runWorkload(request, window, workload, run, meter);

    if (full !== null)
        found.status = ['oom', full];
    else if (schedule !== null && schedule.isSaturated)
        found.status = ['saturated', queueReason(schedule)];
    found.finished.rss_end_bytes = process.memoryUsage.rss();
    found.known = known(meter, found.known);
    found.finished.checksum = run.finished;
    found.counters = run.counters;
    found.latency = meter.latency;
    metered?.end();
    found.metered = metered?.latency;
    found.checkpoint = meter.checkpoint;
    meter.phase(PHASE.drop);
    run.held = run.escaped = null;
    await pauses.settle();
    if (request.leak) {
        trim();
        await new Promise((resolve) => setTimeout(resolve, request.param.settle_ms));
    }
    found.pauses = pauses;
    await watchAndTrim(request, workload, run, found);
    meter.phase(PHASE.end);
}

async function main(words) {
    const request = readRequest(words);
    const found = { status: ['ok'], malloc: mallocPath(), known: {}, finished: {} };
    const other = request.malloc !== undefined ? otherMalloc(request.malloc) : '';

    choosePayloads(request.option.buffers === 1);
    if (other !== '')
        found.status = ['wrong_allocator', other];
    else
        await measure(request, await import(`./workloads/${request.workload}.mjs`), found);
    try {
        writeRecord(request.record_fd, found);
    } catch (error) {
        process.stderr.write(`heapmark-cell-node: cannot write the record: ${error.message}\n`);
        process.exitCode = 1;
    }
}

await main(process.argv.slice(2));
