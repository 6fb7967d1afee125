/* Reads nodes. Every function stays within the payload, whatever is in it. */
#ifndef PERFPY_TRIE_FAST_NODE_H
#define PERFPY_TRIE_FAST_NODE_H

#include "fast_cell.h"

/* A node, decoded as far as its text and, if it has at most FAST_WAYS, its labels; and then as far as its
 * references. */
struct fast_node {
    const unsigned char *text, *labels, *references, *counts;
    uint32_t address, shape;
    uint32_t ways;
    uint64_t mask; /* of long references; where there are more than 64 ways all are long */
    uint32_t long_bytes;
};

static inline bool fast_is_final(const struct fast_node *node)
{
    return node->shape & FAST_FINAL;
}

/* Whether a key ends after the text. */
static inline bool fast_is_ending(const struct fast_node *node)
{
    return fast_ways(node->shape) == 0 && fast_text(node->shape) != 0;
}

/* The shape of the node at an address. */
FAST_INLINE uint32_t fast_shape_at(const struct fast_view *view, const unsigned char *at)
{
    const uint32_t first = *at;
    uint32_t code = first;
    if (__builtin_expect(first >= FAST_SHORT, 0))
        code = FAST_SHORT + ((first - FAST_SHORT) << 8) + at[-1];
    return __builtin_expect(code < view->coded, 1) ? perfpy_load32(view->shapes + 4 * (size_t)code) : perfpy_load32(at - 4);
}

/* Decodes the shape of the node at an address below view->size. */
FAST_INLINE struct fast_node fast_node_at(const struct fast_view *view, uint32_t address)
{
    struct fast_node node = {.address = address};
    const unsigned char *at = view->nodes + address;
    node.shape = fast_shape_at(view, at);
    node.labels = at + 1;
    node.ways = fast_ways(node.shape);
    node.text = node.labels + (-(uint32_t)(node.ways <= FAST_WAYS) & node.ways);
    return node;
}

/* Finds out where references and counts are, from where text and labels end. */
FAST_INLINE void fast_node_references(const struct fast_view *view, struct fast_node *node,
                                        const unsigned char *end)
{
    const uint64_t in_node = -(uint64_t)(node->shape / FAST_SET_IN_NODE & 1);
    node->mask = (perfpy_load64(end) & in_node) | (uint64_t)(int64_t)((int32_t)node->shape >> 16);
    node->references = end + ((node->ways + 7) / 8 & in_node);
    node->long_bytes = 2 + (-(node->shape / FAST_ADDRESSES & 1) & (view->address_bytes - 2u));
}

/* Where reference i is, i <= ways; the counts are behind the last. For nodes of at most 64 ways. */
FAST_INLINE const unsigned char *fast_masked_reference(const struct fast_node *node, uint32_t i)
{
    return node->references + i + (size_t)__builtin_popcountll(fast_below(node->mask, i)) * (node->long_bytes - 1);
}

static inline const unsigned char *fast_reference(const struct fast_node *node, uint32_t i)
{
    if (__builtin_expect(node->ways > 64, 0))
        return node->references + (size_t)i * node->long_bytes;
    return fast_masked_reference(node, i);
}

/* Bits of a stored count. */
FAST_INLINE uint32_t fast_count_bits(const struct fast_view *view, const struct fast_node *node)
{
    static const unsigned char bits[] = {0, 0, 0, 0, 4, 8, 16, 0};
    const unsigned code = fast_count_code(node->shape);
    return bits[code] + (-(uint32_t)(code == FAST_COUNT_WIDEST) & 8u * view->count_bytes);
}

/* The list or set of a node of more than FAST_WAYS ways; false where the node is damaged. */
static inline bool fast_node_wide(const struct fast_view *view, struct fast_node *node)
{
    enum { LARGEST = 1 + 256 + 8 + 256 * 4 + 256 * 4 + 64 };
    const unsigned char *end = view->nodes + view->size + FAST_SLACK;
    const unsigned char *from = node->text + fast_text(node->shape);
    if (end - from < 16)
        return false;
    if (fast_ways(node->shape) == FAST_GATE)
        return true;
    if (fast_ways(node->shape) == FAST_SET) {
        node->labels = from;
        node->ways = (uint32_t)__builtin_popcountll(perfpy_load64(from + 1));
        from += 9;
    } else {
        node->labels = from + 1;
        node->ways = *from + 1u;
        from += 1 + node->ways;
    }
    if (end - from < 8)
        return false;
    fast_node_references(view, node, from);
    if (end - from >= LARGEST)
        return true;
    /* Only near the end is the size of the node of interest; eight bytes are read at a time. */
    return end - fast_reference(node, node->ways) >= 8 + (ptrdiff_t)(node->ways * fast_count_bits(view, node) / 8);
}

/* Decodes the rest of a node. */
static inline bool fast_node_branch(const struct fast_view *view, struct fast_node *node)
{
    if (__builtin_expect(fast_ways(node->shape) > FAST_WAYS, 0))
        return fast_node_wide(view, node);
    fast_node_references(view, node, node->text + fast_text(node->shape));
    return true;
}

/* The address that a reference stands for: below that of the node, or FAST_NONE where the node is damaged. Without
 * branches, as every other one would be mispredicted. */
FAST_INLINE uint32_t fast_follow(const struct fast_node *node, const unsigned char *reference, uint32_t is_long)
{
    static const uint32_t nears[] = {0, FAST_NEAR_1, FAST_NEAR_2, UINT32_MAX, UINT32_MAX};
    static const uint8_t shifts[] = {0, 2, 0, 0, 0};
    const uint32_t width = 1 + (-is_long & (node->long_bytes - 1));
    const uint32_t value = (uint32_t)fast_below(perfpy_load32(reference), 8 * width), near = nears[width];
    const uint32_t low = value << shifts[width], back = node->address - 1 + near - value;
    const uint32_t is_low = -(uint32_t)(value < near), to = back ^ ((back ^ low) & is_low);
    return to < node->address ? to : FAST_NONE;
}

/* The address that way i leads to. */
static inline uint32_t fast_way(const struct fast_node *node, uint32_t i)
{
    return fast_follow(node, fast_reference(node, i), node->mask >> (i & 63) & 1);
}

/* The number of keys below ways 0 to i - 1. */
FAST_INLINE uint64_t fast_keys_before(const struct fast_view *view, const struct fast_node *node, uint32_t i)
{
    static const unsigned char factors[] = {1, 2, 3, 4, 0, 0, 0, 0};
    const unsigned code = fast_count_code(node->shape);
    const uint32_t some = -(uint32_t)(i != 0); /* no bits are stored of way 0 */
    const uint32_t each = fast_count_bits(view, node) & some, at = (i - 1) * each;
    const uint64_t stored = fast_below(perfpy_load64(node->counts + at / 8) >> at % 8, each);
    return stored + i * factors[code];
}

/* The way of a label, or FAST_NONE. */
static inline uint32_t fast_find_wide(const struct fast_node *node, unsigned char label)
{
    if (fast_ways(node->shape) == FAST_SET) {
        const unsigned bit = (unsigned)(label - node->labels[0]) & 255;
        const uint64_t set = perfpy_load64(node->labels + 1);
        if (bit >= 64 || !(set >> bit & 1))
            return FAST_NONE;
        return (uint32_t)__builtin_popcountll(fast_below(set, bit));
    }
    for (uint32_t i = 0; i < node->ways; i += 16) {
        const uint32_t found = i + fast_find_label_16(node->labels + i, label);
        if (found < i + 16)
            return found < node->ways ? found : FAST_NONE;
    }
    return FAST_NONE;
}

static inline uint32_t fast_find_way(const struct fast_node *node, unsigned char label)
{
    if (__builtin_expect(node->ways > FAST_WAYS, 0))
        return fast_find_wide(node, label);
    const unsigned found = fast_find_label_16(node->labels, label);
    return found < node->ways ? found : FAST_NONE;
}

/* The state of the double array behind a gate, as a cell has it. */
static inline uint64_t fast_gate(const struct fast_view *view, const struct fast_node *node)
{
    const uint64_t gate = perfpy_load32(node->text + fast_text(node->shape));
    return gate >> 2 << view->target_shift | (gate & 1 ? view->final_mask : 0) | (gate & 2 ? view->single_mask : 0);
}

#endif
