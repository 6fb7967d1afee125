/* Writes keys into blocks: up to the place of the next one, or less where that makes its separator shorter. */
#include <stdlib.h>

#include "compact_build.h"

enum { SYMBOLS_MOST = 8 * BLOCK_MOST + BEFORE_MOST };

#ifndef WINDOW_OPS /* that are matched at once; fewer in tests */
#define WINDOW_OPS (1 << 14)
#endif

/* A key whose operations are in the window: where they end, and which byte of the key they start with. */
struct packed_key {
    size_t end, from;
};

/* Writes numbers of few bits, high ones first; those of the last byte are here until it is full. */
struct writer {
    unsigned char *next;
    uint64_t bits;
    unsigned count;
};

/* Operations of keys up to `next`. The block starts with those from `start` on, which are of key `first`, number
 * `first_key` in the list; what is before them is done with. */
struct packer {
    const struct perfpy_trie_keys *keys;
    const struct parser *parser;
    const struct codes *codes;
    struct packed *packed;
    uint32_t block_bytes;
    uint32_t before; /* bits from the block's start to its place */
    struct writer writer;
    struct ops window;
    uint32_t *matches; /* the list of matches at each operation of the window */
    uint64_t *ways;    /* from the start of the block */
    size_t start, room;
    struct packed_key *list;
    size_t list_room, first_key;
    uint64_t first, next;
    size_t shared; /* bytes that `next` shares with the key before */
    uint32_t symbols[SYMBOLS_MOST];
};

/* A key of the block, and those behind it. */
static const struct packed_key *key_at(const struct packer *packer, size_t place)
{
    return &packer->list[packer->first_key + place];
}

static bool append_next(struct packer *packer)
{
    const size_t place = packer->first_key + (size_t)(packer->next - packer->first);
    if (place == packer->list_room) {
        const size_t room = 2 * packer->list_room + 256;
        struct packed_key *grown = realloc(packer->list, room * sizeof *grown);
        if (!grown)
            return false;
        packer->list = grown;
        packer->list_room = room;
    }
    const size_t from = packer->shared;
    packer->shared = perfpy_compact_shared(packer->keys, packer->next);
    if (!perfpy_compact_append_key(&packer->window, packer->keys, packer->next, from, packer->shared))
        return false;
    packer->list[place] = (struct packed_key){packer->window.count, from};
    packer->next++;
    return true;
}

/* Drops what is done with. */
static void move_window(struct packer *packer)
{
    const size_t start = packer->start, keys = (size_t)(packer->next - packer->first);
    packer->window.count -= start;
    memmove(packer->window.list, packer->window.list + start, packer->window.count * sizeof *packer->window.list);
    memmove(packer->matches, packer->matches + start, packer->window.count * sizeof *packer->matches);
    for (size_t i = 0; i < keys; i++) {
        packer->list[i] = packer->list[packer->first_key + i];
        packer->list[i].end -= start;
    }
    packer->start = packer->first_key = 0;
}

/* Takes more keys into the window. */
static bool fill_window(struct packer *packer)
{
    if (packer->start)
        move_window(packer);
    const size_t first = packer->window.count, wanted = 2 * first > WINDOW_OPS ? 2 * first : WINDOW_OPS;
    while (packer->window.count < wanted && packer->next < packer->keys->count)
        if (!append_next(packer))
            return false;
    if (packer->room < packer->window.count) {
        packer->room = packer->window.count + packer->window.count / 2;
        uint32_t *matches = realloc(packer->matches, packer->room * sizeof *matches);
        packer->matches = matches ? matches : packer->matches;
        uint64_t *ways = realloc(packer->ways, (packer->room + 1) * sizeof *ways);
        packer->ways = ways ? ways : packer->ways;
        if (!matches || !ways)
            return false;
    }
    perfpy_compact_find_matches(packer->parser, packer->window.list, first, packer->window.count, packer->matches);
    return true;
}

/* Bits from the block's start to the place of the next one. */
static uint32_t bits_left(const struct packer *packer)
{
    return packer->before + 8 * packer->block_bytes;
}

/* Makes the window long enough for all that can go into the block, and finds the ways through it. */
static bool find_ways(struct packer *packer, size_t *reached)
{
    for (;;) {
        const size_t count = packer->window.count - packer->start;
        *reached = perfpy_compact_parse(packer->parser, packer->matches + packer->start, count, bits_left(packer),
                                        packer->ways);
        if (*reached + TOKEN_OPS_MOST < count || packer->next == packer->keys->count)
            return true;
        if (!fill_window(packer))
            return false;
    }
}

/* What it costs to go from the start of the block to the end of a key. */
static uint32_t cost_of(const struct packer *packer, size_t place)
{
    return (uint32_t)(packer->ways[key_at(packer, place)->end - packer->start] >> 32);
}

/* How many keys go into the block; 0 if not even one does. The next block may start a little before its place, so that
 * nothing is lost if this one ends where the keys share least. */
static size_t choose_end(const struct packer *packer, size_t reached)
{
    const uint32_t limit = bits_left(packer), least = limit > BEFORE_MOST ? limit - BEFORE_MOST : 0;
    const size_t all = (size_t)(packer->next - packer->first);
    size_t chosen = 0, shared = SIZE_MAX;
    for (size_t i = 0; i < all && key_at(packer, i)->end - packer->start <= reached; i++) {
        const uint32_t cost = cost_of(packer, i);
        if (cost > limit)
            continue;
        if (i + 1 == all)
            return all;
        const size_t next = key_at(packer, i + 1)->from;
        if (cost < least || next <= shared) {
            chosen = i + 1;
            shared = cost < least ? SIZE_MAX : next;
        }
    }
    return chosen;
}

/* Replaces the text of the block's first key by a raw stretch. */
static void make_raw(struct packer *packer)
{
    uint16_t *list = packer->window.list;
    while (list[packer->start + 1] < OP_END)
        packer->start++;
    list[packer->start] = OP_RAW;
    /* Symbols that begin with the text are no more. */
    const size_t left = packer->window.count - packer->start, changed = left < TOKEN_OPS_MOST ? left : TOKEN_OPS_MOST;
    perfpy_compact_find_matches(packer->parser, list + packer->start, 0, changed, packer->matches + packer->start);
}

static void put(struct writer *writer, uint64_t value, unsigned count)
{
    for (unsigned left = count; left > 0;) {
        const unsigned part = left < 8 ? left : 8;
        left -= part;
        writer->bits = writer->bits << part | (value >> left & ((1u << part) - 1));
        writer->count += part;
        if (writer->count >= 8) {
            writer->count -= 8;
            *writer->next++ = (unsigned char)(writer->bits >> writer->count);
        }
    }
}

/* Writes where the raw stretch of a key is, after putting it there. */
static enum perfpy_trie_status put_raw(struct packer *packer, size_t place)
{
    size_t length;
    const unsigned char *bytes = key_of(packer->keys, packer->first + place, &length);
    const size_t from = key_at(packer, place)->from, offset = packer->packed->raw.size;
    if (offset >> RAW_OFFSET_BITS)
        return PERFPY_TRIE_TOO_LARGE;
    put(&packer->writer, offset, RAW_OFFSET_BITS);
    put(&packer->writer, length - from, RAW_LENGTH_BITS);
    perfpy_compact_append(&packer->packed->raw, bytes + from, length - from);
    return PERFPY_TRIE_OK;
}

/* Writes how many bytes a key loses. */
static void put_cut(struct packer *packer, size_t place)
{
    size_t length;
    key_of(packer->keys, packer->first + place, &length);
    const size_t shared = perfpy_compact_shared(packer->keys, packer->first + place);
    put(&packer->writer, (length - shared) >> CUT_SHIFT, CUT_BITS);
}

/* Writes the cheapest symbols of the block's operations. */
static enum perfpy_trie_status put_symbols(struct packer *packer, size_t keys)
{
    const struct parser *parser = packer->parser;
    size_t symbols = 0, key = 0, place = packer->start;
    for (size_t back = key_at(packer, keys - 1)->end - packer->start; back > 0;) {
        const uint32_t match = (uint32_t)packer->ways[back];
        packer->symbols[symbols++] = parser->symbols[match];
        back -= match_ops(parser->matches[match]);
    }
    while (symbols > 0) {
        const uint32_t symbol = packer->symbols[--symbols];
        put(&packer->writer, packer->codes->codes[symbol], packer->codes->lengths[symbol]);
        if (symbol == OP_RAW || symbol == OP_CUT)
            while (key_at(packer, key)->end <= place)
                key++;
        if (symbol == OP_RAW) {
            const enum perfpy_trie_status status = put_raw(packer, key);
            if (status != PERFPY_TRIE_OK)
                return status;
        } else if (symbol == OP_CUT) {
            put_cut(packer, key);
        }
        place += parser->grammar->shapes[symbol].ops;
    }
    return packer->packed->raw.failed ? PERFPY_TRIE_MEMORY : PERFPY_TRIE_OK;
}

/* Writes a block, and zeros where the next one would start too long before its place. */
static enum perfpy_trie_status write_block(struct packer *packer, size_t keys)
{
    struct bytes *data = &packer->packed->data;
    const size_t room = packer->block_bytes + (BEFORE_MOST + 1) / 8 + 8, size = data->size;
    if (!perfpy_compact_extend(data, room))
        return PERFPY_TRIE_MEMORY;
    packer->writer.next = data->data + size;
    const enum perfpy_trie_status status = put_symbols(packer, keys);
    const bool last = packer->first + keys == packer->keys->count;
    packer->before = bits_left(packer) - cost_of(packer, keys - 1);
    if (last)
        put(&packer->writer, 0, -packer->writer.count & 7);
    for (; !last && packer->before > BEFORE_MOST; packer->before--)
        put(&packer->writer, 0, 1);
    data->size = (size_t)(packer->writer.next - data->data);
    return status;
}

static enum perfpy_trie_status note_block(struct packed *packed, uint64_t first_key, size_t separator,
                                          uint32_t before)
{
    if (packed->blocks + UINT32_C(1) >= packed->room) {
        if (packed->room >= LINK_RECORD / 2)
            return PERFPY_TRIE_TOO_LARGE;
        packed->room = packed->room ? 2 * packed->room : 64;
        uint64_t *first_keys = realloc(packed->first_keys, packed->room * sizeof *first_keys);
        packed->first_keys = first_keys ? first_keys : packed->first_keys;
        uint32_t *lengths = realloc(packed->lengths, packed->room * sizeof *lengths);
        packed->lengths = lengths ? lengths : packed->lengths;
        uint16_t *befores = realloc(packed->befores, packed->room * sizeof *befores);
        packed->befores = befores ? befores : packed->befores;
        if (!first_keys || !lengths || !befores)
            return PERFPY_TRIE_MEMORY;
    }
    packed->first_keys[packed->blocks] = first_key;
    packed->befores[packed->blocks] = (uint16_t)before;
    packed->lengths[packed->blocks++] = (uint32_t)separator;
    return PERFPY_TRIE_OK;
}

/* Goes on behind the keys of a block, and behind the last byte of the separator, which is of the next key. */
static void advance(struct packer *packer, size_t keys)
{
    packer->first += keys;
    packer->first_key += keys;
    packer->start = packer->list[packer->first_key - 1].end;
    if (packer->first < packer->next) {
        packer->list[packer->first_key].from++;
        packer->start += packer->window.list[packer->start] != OP_RAW;
    }
}

static enum perfpy_trie_status pack_block(struct packer *packer)
{
    size_t reached, keys;
    enum perfpy_trie_status status;
    if (!find_ways(packer, &reached))
        return PERFPY_TRIE_MEMORY;
    keys = choose_end(packer, reached);
    if (keys == 0) {
        make_raw(packer);
        if (!find_ways(packer, &reached))
            return PERFPY_TRIE_MEMORY;
        keys = choose_end(packer, reached);
    }
    status = note_block(packer->packed, packer->first, key_at(packer, 0)->from, packer->before);
    if (status == PERFPY_TRIE_OK)
        status = write_block(packer, keys);
    if (status == PERFPY_TRIE_OK)
        advance(packer, keys);
    return status;
}

enum perfpy_trie_status perfpy_compact_pack(const struct perfpy_trie_keys *keys, const struct parser *parser,
                                            const struct codes *codes, uint32_t block_bytes,
                                            const struct perfpy_interrupt *interrupt, struct packed *packed)
{
    enum { BLOCKS_BETWEEN_POLLS = 128 };
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    struct packer *packer = calloc(1, sizeof *packer);
    if (!packer)
        return PERFPY_TRIE_MEMORY;
    packer->keys = keys;
    packer->parser = parser;
    packer->codes = codes;
    packer->packed = packed;
    packer->block_bytes = block_bytes;
    if (!fill_window(packer))
        status = PERFPY_TRIE_MEMORY;
    while (packer->first < keys->count && status == PERFPY_TRIE_OK) {
        status = pack_block(packer);
        if (status == PERFPY_TRIE_OK && packed->blocks % BLOCKS_BETWEEN_POLLS == 0 && interrupted(interrupt))
            status = PERFPY_TRIE_INTERRUPTED;
    }
    if (packed->blocks)
        packed->first_keys[packed->blocks] = keys->count;
    free(packer->window.list);
    free(packer->matches);
    free(packer->ways);
    free(packer->list);
    free(packer);
    return status;
}

void perfpy_compact_packed_free(struct packed *packed)
{
    free(packed->data.data);
    free(packed->raw.data);
    free(packed->first_keys);
    free(packed->lengths);
    free(packed->befores);
}
