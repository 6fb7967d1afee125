/* Opens a payload; looks at its header and its bounds only. */
#include "fast.h"

static bool is_sensible(const struct fast_view *view)
{
    const bool narrow = view->cell_bytes == 4 && view->target_bits == FAST_NARROW_BITS;
    const bool wide = view->cell_bytes == 8 && view->target_bits <= FAST_TARGET_BITS + 1 && view->large == 0;
    return (narrow || wide) && view->large <= view->cell_count && view->coded <= FAST_CODES &&
           view->address_bytes >= 3 && view->address_bytes <= 4 && view->count_bytes >= 3 && view->count_bytes <= 4 &&
           view->count < UINT32_MAX;
}

/* Bytes of the counts that are not in cells. */
static uint64_t counts_size(const struct fast_view *view)
{
    return view->cell_bytes == 4 ? view->cell_count + 3 * (uint64_t)view->large : 0;
}

bool perfpy_fast_open(struct perfpy_trie *trie, const unsigned char *data, size_t size)
{
    if (size < FAST_HEADER || data[FAST_AT_VERSION] != FAST_VERSION)
        return false;
    struct fast_view view = {
        .count = perfpy_load64(data + FAST_AT_COUNT),
        .root = perfpy_load64(data + FAST_AT_ROOT),
        .size = perfpy_load32(data + FAST_AT_NODES),
        .cell_count = perfpy_load32(data + FAST_AT_CELLS),
        .coded = perfpy_load32(data + FAST_AT_SHAPES) & 0xFFFF,
        .address_bytes = data[FAST_AT_ADDRESS_BYTES],
        .count_bytes = data[FAST_AT_COUNT_BYTES],
        .blocks = (uint16_t)(perfpy_load32(data + FAST_AT_BLOCKS) & 0xFFFF),
        .target_bits = data[FAST_AT_TARGET_BITS],
        .cell_bytes = data[FAST_AT_CELL_BYTES],
        .large = perfpy_load32(data + FAST_AT_LARGE),
        .cells = data + FAST_HEADER,
    };
    const uint64_t cells = view.cell_bytes * (uint64_t)view.cell_count, counts = counts_size(&view);
    const uint64_t guide = data[FAST_AT_GUIDED] ? 2 * (uint64_t)view.cell_count : 0;
    const uint64_t shapes = 4 * (uint64_t)view.coded, slack = view.size ? FAST_SLACK : 0;
    if (!is_sensible(&view) || FAST_HEADER + cells + counts + guide + shapes + view.size + slack != size)
        return false;
    view.counts = view.cells + cells;
    view.guide = guide ? view.counts + counts : NULL;
    view.shapes = view.counts + counts + guide;
    view.nodes = view.shapes + shapes;
    *trie = (struct perfpy_trie){.data = data, .size = size, .count = view.count};
    memcpy(trie->words, &view, sizeof view);
    return true;
}
