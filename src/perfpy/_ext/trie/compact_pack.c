/* Writes keys into blocks: up to the place of the next one, or less where that makes its separator shorter. */
#include <stdlib.h>

#include "compact_build.h"

enum { SYMBOLS_MOST = 8 * BLOCK_MOST + BEFORE_MOST };

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

/* Operations of keys from `first` on, up to `next`; the block starts with the first of them. */
struct packer {
    const struct perfpy_trie_keys *keys;
    const struct parser *parser;
    const struct codes *codes;
    struct packed *packed;
    uint32_t block_bytes;
    uint32_t before; /* bits from the block's start to its place */
    struct writer writer;
    struct ops window;
    struct packed_key *list;
    size_t list_room;
    struct way *ways;
    size_t ways_room;
    uint64_t first, next;
    size_t shared; /* bytes that `next` shares with the key before */
    uint32_t symbols[SYMBOLS_MOST];
};

static bool append_next(struct packer *packer)
{
    const size_t place = (size_t)(packer->next - packer->first);
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

/* Bits from the block's start to the place of the next one. */
static uint32_t bits_left(const struct packer *packer)
{
    return packer->before + 8 * packer->block_bytes;
}

/* Makes the window long enough for all that can go into the block, and finds the ways through it. */
static bool find_ways(struct packer *packer, size_t *reached)
{
    const uint32_t limit = bits_left(packer);
    size_t wanted = 2048;
    for (;; wanted *= 2) {
        while (packer->window.count < wanted && packer->next < packer->keys->count)
            if (!append_next(packer))
                return false;
        const size_t count = packer->window.count;
        if (packer->ways_room <= count) {
            free(packer->ways);
            packer->ways_room = 2 * count;
            packer->ways = malloc(packer->ways_room * sizeof *packer->ways);
            if (!packer->ways)
                return false;
        }
        *reached = perfpy_compact_parse(packer->parser, packer->window.list, count, limit, packer->ways);
        if (*reached + TOKEN_OPS_MOST < count || packer->next == packer->keys->count)
            return true;
    }
}

/* How many keys go into the block; 0 if not even one does. The next block may start a little before its place, so that
 * nothing is lost if this one ends where the keys share least. */
static size_t choose_end(const struct packer *packer, size_t reached)
{
    const uint32_t limit = bits_left(packer), least = limit - BEFORE_MOST;
    const size_t all = (size_t)(packer->next - packer->first);
    size_t chosen = 0, shared = SIZE_MAX;
    for (size_t i = 0; i < all && packer->list[i].end <= reached; i++) {
        const uint32_t cost = packer->ways[packer->list[i].end].cost;
        if (cost > limit)
            continue;
        if (i + 1 == all)
            return all;
        const size_t next = packer->list[i + 1].from;
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
    size_t text = 0;
    while (list[text] < OP_END)
        text++;
    const size_t gone = text - 1;
    memmove(list + 1, list + text, (packer->window.count - text) * sizeof *list);
    list[0] = OP_RAW;
    packer->window.count -= gone;
    for (size_t i = 0; i < packer->next - packer->first; i++)
        packer->list[i].end -= gone;
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
    const size_t from = packer->list[place].from, offset = packer->packed->raw.size;
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
    const size_t end = packer->list[keys - 1].end;
    size_t symbols = 0, key = 0, place = 0;
    for (size_t back = end; back > 0;) {
        const uint32_t symbol = packer->ways[back].symbol;
        packer->symbols[symbols++] = symbol;
        back -= packer->parser->texts[symbol].ops;
    }
    while (symbols > 0) {
        const uint32_t symbol = packer->symbols[--symbols];
        put(&packer->writer, packer->codes->codes[symbol], packer->codes->lengths[symbol]);
        while (packer->list[key].end <= place)
            key++;
        if (symbol == OP_RAW) {
            const enum perfpy_trie_status status = put_raw(packer, key);
            if (status != PERFPY_TRIE_OK)
                return status;
        } else if (symbol == OP_CUT) {
            put_cut(packer, key);
        }
        place += packer->parser->texts[symbol].ops;
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
    packer->before = bits_left(packer) - packer->ways[packer->list[keys - 1].end].cost;
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
        unsigned char *befores = realloc(packed->befores, packed->room);
        packed->befores = befores ? befores : packed->befores;
        if (!first_keys || !lengths || !befores)
            return PERFPY_TRIE_MEMORY;
    }
    packed->first_keys[packed->blocks] = first_key;
    packed->befores[packed->blocks] = (unsigned char)before;
    packed->lengths[packed->blocks++] = (uint32_t)separator;
    return PERFPY_TRIE_OK;
}

/* Takes the keys of a block from the window, and the last byte of the separator from the next key. */
static void advance(struct packer *packer, size_t keys)
{
    size_t start = packer->list[keys - 1].end;
    const size_t left = (size_t)(packer->next - packer->first) - keys;
    packer->first += keys;
    if (left) {
        packer->list[keys].from++;
        start += packer->window.list[start] != OP_RAW;
    }
    packer->window.count -= start;
    memmove(packer->window.list, packer->window.list + start, packer->window.count * sizeof *packer->window.list);
    for (size_t i = 0; i < left; i++) {
        packer->list[i] = packer->list[keys + i];
        packer->list[i].end -= start;
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
    status = note_block(packer->packed, packer->first, packer->list[0].from, packer->before);
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
    while (packer->first < keys->count && status == PERFPY_TRIE_OK) {
        status = pack_block(packer);
        if (status == PERFPY_TRIE_OK && packed->blocks % BLOCKS_BETWEEN_POLLS == 0 && interrupted(interrupt))
            status = PERFPY_TRIE_INTERRUPTED;
    }
    if (packed->blocks)
        packed->first_keys[packed->blocks] = keys->count;
    free(packer->window.list);
    free(packer->list);
    free(packer->ways);
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
