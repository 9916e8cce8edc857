/* SPDX-License-Identifier: MIT */
/* best_fit.c -- the smallest free block that is large enough, of several the
 * lowest.
 *
 * Source:     D. E. Knuth, The Art of Computer Programming 1, 2.5, best fit;
 *             C. J. Stephenson, "Fast fits", SOSP 1983, for a tree in the free
 *             blocks; R. Seidel and C. R. Aragon, "Randomized search trees",
 *             Algorithmica 16, 1996, for the balance.
 * Differs:    the tree is ordered by size, then address; a node's priority is
 *             not stored but mixed from its address.  A request for more than
 *             16 bytes of alignment looks for a block that holds it wherever it
 *             lies.
 * Invariants: those of boundary.h; the tree holds every free block; in order
 *             they ascend; no node's priority is above its parent's.
 * Costs:      O(log n) expected for n free blocks, both ways; 8 bytes a block.
 * Threads:    none; the shim holds a lock. */
#include "allocators/boundary.h"

/* A free block's payload. */
struct best_fit_node {
    struct best_fit_node *left, *right;
};

struct hm_heap {
    struct hm_boundary space;
    struct best_fit_node *root;
};

static struct hm_boundary *hm_policy_space(const struct hm_heap *heap)
{
    return &((struct hm_heap *)heap)->space;
}

static struct best_fit_node *best_fit_node(const unsigned char *block)
{
    return (struct best_fit_node *)(void *)block;
}

/* Stafford's mix of the address: distinct for distinct blocks. */
static uint64_t best_fit_priority(const struct best_fit_node *node)
{
    uint64_t x = (uintptr_t)node / HM_ALLOC_ALIGN;

    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* Whether the block of `bytes` at `at` comes before `node`. */
static int best_fit_is_before(size_t bytes, const void *at,
                              const struct best_fit_node *node)
{
    size_t its = hm_boundary_bytes(node);

    return bytes < its || (bytes == its && (uintptr_t)at < (uintptr_t)node);
}

static void hm_policy_open(struct hm_heap *heap)
{
    (void)heap; /* no root */
}

/* Splits `tree` into what comes before the new node and what comes after. */
static void best_fit_split(struct best_fit_node *tree, size_t bytes,
                           struct best_fit_node *node)
{
    struct best_fit_node **before = &node->left, **after = &node->right;

    while (tree != NULL) {
        if (best_fit_is_before(bytes, node, tree)) {
            *after = tree;
            after = &tree->left;
            tree = tree->left;
        } else {
            *before = tree;
            before = &tree->right;
            tree = tree->right;
        }
    }
    *before = *after = NULL;
}

static void hm_policy_insert(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct best_fit_node *node = best_fit_node(block), **link = &heap->root;
    uint64_t priority = best_fit_priority(node);

    while (*link != NULL && best_fit_priority(*link) > priority) {
        link = best_fit_is_before(bytes, node, *link) ? &(*link)->left
                                                      : &(*link)->right;
    }
    best_fit_split(*link, bytes, node);
    *link = node;
}

static void hm_policy_remove(struct hm_heap *heap, unsigned char *block,
                             size_t bytes)
{
    struct best_fit_node *node = best_fit_node(block), **link = &heap->root;
    struct best_fit_node *left = node->left, *right = node->right;

    while (*link != node) {
        HM_ASSERT(*link != NULL);
        link = best_fit_is_before(bytes, node, *link) ? &(*link)->left
                                                      : &(*link)->right;
    }
    while (left != NULL && right != NULL) {
        if (best_fit_priority(left) > best_fit_priority(right)) {
            *link = left;
            link = &left->right;
            left = left->right;
        } else {
            *link = right;
            link = &right->left;
            right = right->left;
        }
    }
    *link = left != NULL ? left : right;
}

static unsigned char *hm_policy_find(struct hm_heap *heap, size_t need,
                                     size_t align)
{
    size_t bytes = hm_boundary_enough(need, align);
    struct best_fit_node *node = heap->root, *best = NULL;

    while (node != NULL) {
        if (hm_boundary_bytes(node) >= bytes) {
            best = node;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return (unsigned char *)best;
}

static const struct best_fit_node *best_fit_search(const struct hm_heap *heap,
                                                   const unsigned char *block)
{
    const struct best_fit_node *node = heap->root;
    size_t bytes = hm_boundary_bytes(block);

    while (node != NULL && node != best_fit_node(block)) {
        node =
            best_fit_is_before(bytes, block, node) ? node->left : node->right;
    }
    return node;
}

static int best_fit_is_above(const struct best_fit_node *node,
                             const struct best_fit_node *child)
{
    return child == NULL || best_fit_priority(node) > best_fit_priority(child);
}

/* In order, by the threads of J. M. Morris, "Traversing binary trees simply and
 * cheaply", IPL 9(5), 1979: without a stack; the tree is whole again after. */
static size_t best_fit_count(const struct hm_heap *heap)
{
    struct best_fit_node *node = heap->root, *last;
    size_t n = 0;

    while (node != NULL) {
        if (node->left == NULL) {
            n++;
            node = node->right;
            continue;
        }
        for (last = node->left; last->right != NULL && last->right != node;)
            last = last->right;
        if (last->right == NULL) {
            last->right = node;
            node = node->left;
        } else {
            last->right = NULL;
            n++;
            node = node->right;
        }
    }
    return n;
}

static const char *hm_policy_check(const struct hm_heap *heap,
                                   const unsigned char *block,
                                   const struct hm_boundary_walk *walk)
{
    const struct best_fit_node *node;

    if (block == NULL) {
        return best_fit_count(heap) == walk->n_free
                   ? NULL
                   : "the tree holds nothing but the free blocks";
    }
    node = best_fit_search(heap, block);
    if (node == NULL)
        return "the tree holds every free block, in order";
    if (!best_fit_is_above(node, node->left) ||
        !best_fit_is_above(node, node->right))
        return "no node's priority is above its parent's";
    return NULL;
}

static struct hm_heap *best_fit_create(size_t limit_bytes)
{
    return hm_boundary_create(limit_bytes, sizeof(struct hm_heap));
}

extern const struct hm_allocator hm_allocator_best_fit;
const struct hm_allocator hm_allocator_best_fit = {
    .name = "best_fit",
    .summary = "boundary tags, the smallest block that fits, from a tree",
    .source = "Stephenson, SOSP 1983; Seidel and Aragon 1996",
    .create = best_fit_create,
    .destroy = hm_boundary_destroy,
    .alloc = hm_boundary_alloc,
    .release = hm_boundary_release,
    .usable = hm_boundary_usable,
    .resize = hm_boundary_resize,
    .check = hm_boundary_check,
};
