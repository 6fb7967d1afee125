/* Opens a payload; looks at its header and its bounds only. */
#include "fast.h"

static bool is_sensible(const struct fast_view *view)
{
    return view->zero == 0 && view->coded <= FAST_CODES && view->address_bytes >= 3 && view->address_bytes <= 4 &&
           view->count_bytes >= 3 && view->count_bytes <= 4 && view->target_bits <= FAST_TARGET_BITS + 1 &&
           view->count < UINT32_MAX;
}

bool perfpy_fast_open(struct perfpy_trie *trie, const unsigned char *data, size_t size)
{
    if (size < FAST_HEADER + FAST_SLACK)
        return false;
    struct fast_view view = {
        .count = perfpy_load64(data + FAST_AT_COUNT),
        .root = perfpy_load64(data + FAST_AT_ROOT),
        .size = perfpy_load32(data + FAST_AT_NODES),
        .cell_count = perfpy_load32(data + FAST_AT_CELLS),
        .coded = perfpy_load32(data + FAST_AT_SHAPES) & 0xFFFF,
        .address_bytes = data[FAST_AT_ADDRESS_BYTES],
        .count_bytes = data[FAST_AT_COUNT_BYTES],
        .least_label = data[FAST_AT_LEAST_LABEL],
        .greatest_label = data[FAST_AT_GREATEST_LABEL],
        .target_bits = data[FAST_AT_TARGET_BITS],
        .zero = data[FAST_AT_ZERO],
        .shapes = data + FAST_HEADER,
    };
    const uint64_t cells = 8 * (uint64_t)view.cell_count, tail = cells < FAST_SLACK ? FAST_SLACK : cells;
    if (!is_sensible(&view) || FAST_HEADER + 4 * (uint64_t)view.coded + view.size + tail != size)
        return false;
    view.nodes = view.shapes + 4 * (size_t)view.coded;
    view.cells = view.nodes + view.size;
    *trie = (struct perfpy_trie){.data = data, .size = size, .count = view.count};
    memcpy(trie->words, &view, sizeof view);
    return true;
}
