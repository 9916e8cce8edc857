// SPDX-License-Identifier: MIT
// native.mjs -- what only C can do: harness/cell/cell_node_addon.c.

import { createRequire } from 'node:module';

export const {
    mallocPath, otherMalloc, trim, countCollections, watchCollections, writeCollections,
} = createRequire(import.meta.url)('./heapmark.node');
