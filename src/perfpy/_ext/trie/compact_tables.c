/* Numbers the symbols, and writes the sections of the compact layout that decode them. */
#include <stdlib.h>

#include "compact_build.h"

static bool is_special(uint32_t symbol)
{
    return symbol >= OP_RAW && symbol < OP_COUNT;
}

/* Fills the order from short codes to long ones, special symbols last, and gives all lengths out in that order. */
static void set_order(uint32_t symbols, struct codes *codes)
{
    uint32_t of_length[CODE_MOST + 1] = {0};
    codes->count = codes->specials = 0;
    for (uint32_t symbol = 0; symbol < symbols; symbol++)
        of_length[codes->lengths[symbol]]++;
    for (unsigned length = 1; length <= CODE_MOST; length++)
        for (uint32_t symbol = 0; symbol < symbols; symbol++)
            if (codes->lengths[symbol] == length && !is_special(symbol))
                codes->order[codes->count++] = symbol;
    for (uint32_t symbol = OP_RAW; symbol < OP_COUNT; symbol++)
        if (codes->lengths[symbol]) {
            codes->order[codes->count++] = symbol;
            codes->specials++;
        }
    uint32_t number = 0;
    for (unsigned length = 1; length <= CODE_MOST; length++)
        for (uint32_t i = 0; i < of_length[length]; i++)
            codes->lengths[codes->order[number++]] = (unsigned char)length;
}

bool perfpy_compact_codes(const uint64_t *counts, uint32_t symbols, struct codes *codes)
{
    *codes = (struct codes){
        .order = malloc(symbols * sizeof *codes->order),
        .codes = malloc(symbols * sizeof *codes->codes),
        .lengths = malloc(symbols),
    };
    if (!codes->order || !codes->codes || !codes->lengths ||
        !perfpy_compact_code_lengths(counts, symbols, codes->lengths)) {
        perfpy_compact_codes_free(codes);
        return false;
    }
    set_order(symbols, codes);
    uint32_t code = 0;
    for (uint32_t number = 0; number < codes->count; number++) {
        const uint32_t symbol = codes->order[number];
        codes->codes[symbol] = code >> (CODE_MOST - codes->lengths[symbol]);
        code += UINT32_C(1) << (CODE_MOST - codes->lengths[symbol]);
    }
    return true;
}

void perfpy_compact_codes_free(struct codes *codes)
{
    free(codes->order);
    free(codes->codes);
    free(codes->lengths);
    *codes = (struct codes){0};
}

static void write_code_table(const struct codes *codes, struct bytes *section)
{
    uint32_t number = 0, end = 0;
    for (unsigned length = 1; length <= CODE_MOST; length++) {
        const uint32_t base = number - (end >> (CODE_MOST - length));
        while (number < codes->count && codes->lengths[codes->order[number]] == length) {
            end += UINT32_C(1) << (CODE_MOST - length);
            number++;
        }
        perfpy_compact_append_le(section, end, 4);
        perfpy_compact_append_le(section, base, 4);
    }
}

/* The table has about as many entries as there are tokens, so that it is small where all is small. */
static uint32_t write_primary(const struct codes *codes, struct bytes *section)
{
    const unsigned longest = codes->count ? codes->lengths[codes->order[codes->count - 1]] : 1;
    const unsigned enough = perfpy_compact_bits_of(codes->count), most = enough < PRIMARY_MOST ? enough : PRIMARY_MOST;
    const unsigned bits = longest < most ? longest : most < 1 ? 1 : most;
    const uint32_t step = UINT32_C(1) << (CODE_MOST - bits);
    uint32_t number = 0, code = 0; /* of the symbol whose code holds the entry's first bits */
    for (uint32_t entry = 0; entry < 1u << bits; entry++) {
        uint32_t value = 0;
        const uint32_t start = entry * step;
        while (number < codes->count) {
            const uint32_t size = UINT32_C(1) << (CODE_MOST - codes->lengths[codes->order[number]]);
            if (start < code + size)
                break;
            code += size;
            number++;
        }
        if (number < codes->count) {
            const unsigned length = codes->lengths[codes->order[number]];
            const uint32_t last = number + (length > bits ? (UINT32_C(1) << (length - bits)) - 1 : 0);
            if (last < codes->count && codes->lengths[codes->order[last]] == length)
                value = length | (number - (code >> (CODE_MOST - length))) << 5;
        }
        perfpy_compact_append_le(section, value, 4);
    }
    return bits;
}

/* How operations are written in the pool. */
struct alphabet {
    uint32_t used[OP_RAW];
    unsigned char kinds[256]; /* what a byte stands for: 0 for itself, more than that for an end, or ESCAPE */
    int byte_of[OP_RAW];  /* or -1, where the operation follows an escape */
    uint32_t count;
    int escape;
};

/* Gives bytes to the operations that occur most in tokens; the others share one. A byte to be appended is itself. */
static void make_alphabet(const struct grammar *grammar, const struct codes *codes, struct alphabet *alphabet)
{
    uint16_t ops[TOKEN_OPS_MOST];
    uint32_t different = 0, ends[256], end_count = 0;
    *alphabet = (struct alphabet){.escape = -1};
    for (uint32_t number = 0; number < codes->count - codes->specials; number++) {
        const size_t count = perfpy_compact_spell(grammar, codes->order[number], ops);
        for (size_t i = 0; i < count; i++)
            different += alphabet->used[ops[i]]++ == 0;
    }
    const uint32_t listed = different > 256 ? 255 : different;
    bool taken[OP_RAW] = {false};
    for (uint32_t op = 0; op < OP_RAW; op++)
        alphabet->byte_of[op] = -1;
    for (uint32_t i = 0; i < listed; i++) {
        uint32_t most = 0;
        for (uint32_t op = 1; op < OP_RAW; op++)
            if (!taken[op] && (taken[most] || alphabet->used[op] > alphabet->used[most]))
                most = op;
        taken[most] = true;
        if (most < OP_END)
            alphabet->byte_of[most] = (int)most;
        else
            ends[end_count++] = most;
    }
    /* Low bytes are free in most texts, and make a short table. */
    for (uint32_t byte = 0, i = 0; byte < 256 && i < end_count + (listed < different); byte++) {
        if (taken[byte])
            continue;
        if (i < end_count) {
            alphabet->byte_of[ends[i]] = (int)byte;
            alphabet->kinds[byte] = (unsigned char)(ends[i] - OP_END + 1);
        } else {
            alphabet->escape = (int)byte;
            alphabet->kinds[byte] = ESCAPE;
        }
        alphabet->count = byte + 1;
        i++;
    }
}

static size_t written_size(const struct alphabet *alphabet, const uint16_t *ops, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += alphabet->byte_of[ops[i]] < 0 ? 3 : 1;
    return size;
}

static void write_ops(const struct alphabet *alphabet, const uint16_t *ops, size_t count, struct bytes *pool)
{
    for (size_t i = 0; i < count; i++) {
        const int byte = alphabet->byte_of[ops[i]];
        perfpy_compact_append_le(pool, (uint64_t)(byte < 0 ? alphabet->escape : byte), 1);
        if (byte < 0)
            perfpy_compact_append_le(pool, ops[i], 2);
    }
}

/* Writes tokens into the pool, those made last first: what they are made of is then there already. */
static enum perfpy_trie_status place_tokens(const struct grammar *grammar, const struct codes *codes,
                                            const struct alphabet *alphabet, struct bytes *pool, uint64_t *places)
{
    const uint64_t nowhere = UINT64_MAX;
    uint16_t ops[TOKEN_OPS_MOST];
    for (uint32_t symbol = 0; symbol < grammar->symbols; symbol++)
        places[symbol] = nowhere;
    for (uint32_t symbol = grammar->symbols; symbol-- > 0;) {
        if (is_special(symbol) || (places[symbol] == nowhere && !codes->lengths[symbol]))
            continue;
        if (places[symbol] == nowhere) {
            places[symbol] = pool->size;
            write_ops(alphabet, ops, perfpy_compact_spell(grammar, symbol, ops), pool);
        }
        if (symbol < OP_COUNT)
            continue;
        const uint32_t left = grammar->left[symbol], right = grammar->right[symbol];
        if (places[left] == nowhere)
            places[left] = places[symbol];
        if (places[right] == nowhere)
            places[right] =
                places[symbol] + written_size(alphabet, ops, perfpy_compact_spell(grammar, left, ops));
    }
    if (pool->failed)
        return PERFPY_TRIE_MEMORY;
    return pool->size < 1u << POOL_BITS ? PERFPY_TRIE_OK : PERFPY_TRIE_TOO_LARGE;
}

/* The byte that the operations append at the lowest length they come to, the last of them, which is also the largest as
 * keys ascend; or 0. */
static uint32_t byte_at_lowest(const uint16_t *ops, size_t count)
{
    int32_t depth = 0, lowest = 0;
    uint32_t byte = 0;
    for (size_t i = 0; i < count; i++) {
        if (ops[i] < OP_END) {
            byte = depth == lowest ? ops[i] : byte;
            depth++;
        } else {
            depth -= ops[i] - OP_END;
            if (depth < lowest) {
                lowest = depth;
                byte = 0;
            }
        }
    }
    return byte;
}

enum perfpy_trie_status perfpy_compact_tables(const struct grammar *grammar, const struct codes *codes,
                                              struct tables *tables)
{
    struct alphabet alphabet;
    uint16_t ops[TOKEN_OPS_MOST];
    write_code_table(codes, &tables->codes);
    tables->primary_bits = write_primary(codes, &tables->primary);
    make_alphabet(grammar, codes, &alphabet);
    perfpy_compact_append(&tables->ops, alphabet.kinds, alphabet.count);
    uint64_t *places = malloc(grammar->symbols * sizeof *places);
    if (!places)
        return PERFPY_TRIE_MEMORY;
    const enum perfpy_trie_status status = place_tokens(grammar, codes, &alphabet, &tables->pool, places);
    for (uint32_t number = 0; number < codes->count - codes->specials && status == PERFPY_TRIE_OK; number++) {
        const uint32_t symbol = codes->order[number];
        const struct shape shape = grammar->shapes[symbol];
        const size_t count = perfpy_compact_spell(grammar, symbol, ops);
        const uint32_t size = (uint32_t)written_size(&alphabet, ops, count);
        perfpy_compact_append_le(&tables->tokens,
                                 token_pack((uint32_t)places[symbol], size, shape.keys, shape.low,
                                            byte_at_lowest(ops, count), shape.net),
                                 8);
    }
    free(places);
    return status;
}
