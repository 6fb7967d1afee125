/* Opens a payload; looks at its header and its bounds only. */
#include "fast.h"

/* Reads how the bits of cells are shared out; false where there are too many of them, or too few for the codes. */
static bool read_cells(struct fast_view *view, const unsigned char *data)
{
    const unsigned code_bits = data[FAST_AT_CODE_BITS], target_bits = data[FAST_AT_TARGET_BITS];
    const bool singles = data[FAST_AT_SINGLES], nodes = view->size;
    const unsigned keys_at = code_bits + 1 + singles + nodes, bits = 8 * view->cell_bytes;
    if ((bits != 32 && bits != 64) || code_bits > 9 || target_bits < 1 || target_bits > FAST_TARGET_BITS + 1 ||
        keys_at + target_bits > bits || view->alphabet > 256)
        return false;
    const unsigned keys_bits = bits - keys_at - target_bits;
    view->code_mask = (UINT32_C(1) << code_bits) - 1;
    view->final_mask = UINT32_C(1) << code_bits;
    view->single_mask = singles ? UINT32_C(2) << code_bits : 0;
    view->node_mask = nodes ? UINT32_C(2) << (code_bits + singles) : 0;
    view->keys_shift = (uint8_t)keys_at;
    view->keys_bits = (uint8_t)(keys_bits < 32 ? keys_bits : 32);
    view->keys_mask = (uint32_t)((UINT64_C(1) << view->keys_bits) - 1);
    view->target_shift = (uint8_t)(bits - target_bits);
    return true;
}

/* Reads where zones end, and works out where their counts begin. */
static bool read_zones(struct fast_view *view, struct fast_zone *zones, const unsigned char *data)
{
    uint32_t from = 0;
    uint64_t bits = 0;
    for (int i = 0; i < FAST_ZONES; i++) {
        zones[i] = (struct fast_zone){perfpy_load32(data + FAST_AT_ZONES + 4 * i), data[FAST_AT_ZONE_BITS + i]};
        if (zones[i].end < from || zones[i].end > view->cell_count || zones[i].bits > 32)
            return false;
        view->zones[i] = zones[i].end;
        view->zone_bits[i] = zones[i].bits;
        view->zone_at[i] = bits - (uint64_t)from * zones[i].bits;
        bits += (uint64_t)(zones[i].end - from) * zones[i].bits;
        from = zones[i].end;
    }
    return true;
}

/* Gives all bytes their codes. In a damaged trie labels need not be in order, or different. */
static void number_labels(struct fast_view *view)
{
    memset(view->codes, view->alphabet, sizeof view->codes);
    for (uint32_t code = 0; code < view->alphabet; code++)
        view->codes[view->labels[code]] = (uint8_t)code;
}

static bool is_sensible(const struct fast_view *view)
{
    return view->coded <= FAST_CODES && view->address_bytes >= 3 && view->address_bytes <= 4 &&
           view->count_bytes >= 3 && view->count_bytes <= 4 && view->count < UINT32_MAX;
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
        .alphabet = (uint16_t)(perfpy_load32(data + FAST_AT_ALPHABET) & 0xFFFF),
        .cell_bytes = data[FAST_AT_CELL_BYTES],
        .labels = data + FAST_HEADER,
    };
    struct fast_zone zones[FAST_ZONES];
    if (!is_sensible(&view) || !read_cells(&view, data) || !read_zones(&view, zones, data))
        return false;
    const uint64_t labels = fast_labels_size(view.alphabet), cells = view.cell_bytes * (uint64_t)view.cell_count;
    const uint64_t apart = fast_apart_size(zones), shapes = 4 * (uint64_t)view.coded;
    const uint64_t slack = view.size ? FAST_SLACK : 0;
    if (FAST_HEADER + labels + cells + apart + shapes + view.size + slack != size)
        return false;
    view.cells = view.labels + labels;
    view.apart = view.cells + cells;
    view.shapes = view.apart + apart;
    view.nodes = view.shapes + shapes;
    number_labels(&view);
    *trie = (struct perfpy_trie){.data = data, .size = size, .count = view.count};
    memcpy(trie->words, &view, sizeof view);
    return true;
}
