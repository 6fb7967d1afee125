/* The parts of building a trie of the compact layout. */
#ifndef PERFPY_TRIE_COMPACT_BUILD_H
#define PERFPY_TRIE_COMPACT_BUILD_H

#include "compact.h"

/* Bytes that grow. Where memory is short `failed` is set, and nothing is appended from then on. */
struct bytes {
    unsigned char *data;
    size_t size, capacity;
    bool failed;
};

unsigned char *perfpy_compact_extend(struct bytes *bytes, size_t size); /* by bytes to be set; NULL if it failed */
void perfpy_compact_append(struct bytes *bytes, const void *data, size_t size);
void perfpy_compact_append_le(struct bytes *bytes, uint64_t value, unsigned size);

/* Appends numbers of `width` bits each, for load_packed(), and the bytes that must follow. */
void perfpy_compact_append_packed(struct bytes *bytes, const uint64_t *numbers, uint64_t count, unsigned width);
unsigned perfpy_compact_bits_of(uint64_t value);

/* How many bits the rarest and the most frequent symbols take in Huffman's code without any above CODE_MOST; 0 for
 * counts of 0. False where memory is short. */
bool perfpy_compact_code_lengths(const uint64_t *counts, uint32_t symbols, unsigned char *lengths);

/* A grammar: symbol s below OP_COUNT is the operation s; any other stands for left[s] and then right[s]. */
struct grammar {
    uint32_t symbols, capacity;
    uint32_t *left, *right;
    struct shape {
        uint16_t ops, bytes; /* operations; bytes they take in the pool, at most */
        uint16_t low, keys;
        int32_t net;
    } *shapes;
    uint32_t *counts; /* of each symbol in the sample, as rewritten by the grammar */
};

/* Operations that stand for a break in the sample. */
enum { OP_BREAK = 0xffff };

/* Makes rules of what occurs at least `least` times in a sample, for at most `symbols_most` symbols, less than OP_BREAK. */
enum perfpy_trie_status perfpy_compact_grammar(const uint16_t *ops, size_t count, uint32_t least, uint32_t symbols_most,
                                               const struct perfpy_interrupt *interrupt, struct grammar *grammar);
void perfpy_compact_grammar_free(struct grammar *grammar);

/* Writes the operations of a symbol, at most TOKEN_OPS_MOST. Returns their number. */
size_t perfpy_compact_spell(const struct grammar *grammar, uint32_t symbol, uint16_t *ops);

enum { NO_SYMBOL = -1 }; /* as uint32_t */

/* All symbols that are in use, as an automaton that reads operations. */
struct parser {
    const struct grammar *grammar;
    uint64_t *slots; /* name of a state and an operation << 32 | state that it leads to; a table of a power of two */
    uint32_t slot_bits, known_bits, count;
    size_t longest; /* symbol, in operations */
    struct known_step { /* from `name`, also by way of others; replaced by what is newer */
        uint32_t name, state, list;
    } *known;
    struct parser_state {
        uint32_t symbol;            /* whose operations lead here, or NO_SYMBOL */
        uint32_t before, fallback;  /* without the last operation; the longest end that is a state */
        uint32_t shorter;           /* the longest end from which a way goes on */
        uint16_t op;
        uint8_t depth;
        bool goes_on;
    } *states;
    uint32_t *order;             /* states by depth */
    uint32_t *lists;             /* by state: where its matches begin */
    uint32_t *matches, *symbols; /* that end at a state, longest first: cost and number of operations; symbols */
    size_t match_room;
};

enum { MATCH_COST = 0xffff, MATCH_OPS_SHIFT = 16 };

static inline uint32_t match_ops(uint32_t match)
{
    return match >> MATCH_OPS_SHIFT & 255;
}

bool perfpy_compact_parser(const struct grammar *grammar, const unsigned char *in_use, struct parser *parser);
void perfpy_compact_parser_free(struct parser *parser);

/* Makes the lists of matches. To be called before parsing, and again when costs are others, which are below MATCH_COST,
 * or fewer symbols are in use. False where memory is short. */
bool perfpy_compact_set_costs(struct parser *parser, const unsigned char *in_use, const uint32_t *costs);

/* Finds the lists of the symbols that end with each of the operations from `first` on. */
void perfpy_compact_find_matches(const struct parser *parser, const uint16_t *ops, size_t first, size_t count,
                                 uint32_t *lists);

/* Finds the cheapest ways to ways[1] up to ways[count], as cost << 32 | last match. Those that cost more than `limit` are
 * of no use, and few follow the last one that does not, whose place is returned. */
size_t perfpy_compact_parse(const struct parser *parser, const uint32_t *lists, size_t count, uint32_t limit,
                            uint64_t *ways);

/* Operations of keys, one after the other. */
struct ops {
    uint16_t *list;
    size_t count, room;
};

/* What is in all keys. */
struct facts {
    uint64_t counts[OP_COUNT]; /* of operations; OP_RAW may be needed if it is not 0 */
    uint64_t ops;
};

enum { TEXT_MOST = 512 }; /* bytes of a key that are operations; where more follow they are kept raw */

/* How many bytes a key shares with the next one. */
size_t perfpy_compact_shared(const struct perfpy_trie_keys *keys, uint64_t key);

/* Appends the operations of a key from its byte `from` on, where it shares `shared` bytes with the next one. */
bool perfpy_compact_append_key(struct ops *ops, const struct perfpy_trie_keys *keys, uint64_t key, size_t from,
                               size_t shared);

enum perfpy_trie_status perfpy_compact_facts(const struct perfpy_trie_keys *keys,
                                             const struct perfpy_interrupt *interrupt, struct facts *facts);

/* About `most` operations, or all, of keys from everywhere, with OP_BREAK between parts. */
bool perfpy_compact_sample(const struct perfpy_trie_keys *keys, uint64_t all, uint64_t most, struct ops *ops);

/* The codes of symbols, and their numbers: special ones come last. */
struct codes {
    uint32_t *order; /* symbols by number */
    uint32_t *codes;
    unsigned char *lengths; /* of codes, by symbol, and 0 where there is none */
    uint32_t count, specials;
};

bool perfpy_compact_codes(const uint64_t *counts, uint32_t symbols, struct codes *codes);
void perfpy_compact_codes_free(struct codes *codes);

/* The sections that decode: `primary_bits` is what the first one is for. */
struct tables {
    struct bytes codes, primary, tokens, ops, pool;
    uint32_t primary_bits;
};

enum perfpy_trie_status perfpy_compact_tables(const struct grammar *grammar, const struct codes *codes,
                                              struct tables *tables);

/* The blocks, and for each its first key, the length of its separator, and how many bits it starts before its place.
 * After the last first key comes the number of keys. */
struct packed {
    struct bytes data, raw;
    uint64_t *first_keys;
    uint32_t *lengths;
    uint16_t *befores;
    uint32_t blocks, room;
};

enum perfpy_trie_status perfpy_compact_pack(const struct perfpy_trie_keys *keys, const struct parser *parser,
                                            const struct codes *codes, uint32_t block_bytes,
                                            const struct perfpy_interrupt *interrupt, struct packed *packed);
void perfpy_compact_packed_free(struct packed *packed);

/* Separators of the first blocks of groups: prefixes of keys. */
struct separators {
    const struct perfpy_trie_keys *keys;
    const uint64_t *first_keys;
    const uint32_t *lengths;
    uint32_t groups;
};

/* Groups of blocks, and the sections of their entries. */
struct grouping {
    const struct perfpy_trie_keys *keys;
    const struct packed *packed;
    unsigned mark_bytes;
    uint32_t groups;
    uint32_t *places, *depths; /* one more place than groups */
    uint64_t *first_keys;      /* of each group */
    uint32_t *lengths;
    uint64_t *nodes;       /* of each group, in the tree of keys that are prefixes of separators */
    unsigned char *starts; /* of each block, which prefixes of its separator that end in its mark are keys */
};

enum perfpy_trie_status perfpy_compact_group(const struct perfpy_trie_keys *keys, const struct packed *packed,
                                             struct grouping *grouping);
void perfpy_compact_grouping_free(struct grouping *grouping);

/* The sections of the layout for keys that are prefixes of separators. */
struct starts {
    struct bytes parents, lengths;
    uint32_t count;
    unsigned number_bits, length_bits;
};

/* Fills in the nodes and starts of the grouping, too. */
enum perfpy_trie_status perfpy_compact_find_starts(struct grouping *grouping, const struct perfpy_interrupt *interrupt,
                                                   struct starts *starts);

/* The sections of groups and blocks, and how many bits their numbers take. */
struct entries {
    struct bytes groups, blocks;
    unsigned place_bits, depth_bits, rank_bits, own_rank_bits;
};

void perfpy_compact_entries(const struct grouping *grouping, unsigned start_bits, struct entries *entries);

/* Appends the sections of the index. */
enum perfpy_trie_status perfpy_compact_index(const struct separators *separators, struct bytes *windows,
                                             struct bytes *links, struct bytes *records);

static inline const unsigned char *key_of(const struct perfpy_trie_keys *keys, uint64_t i, size_t *length)
{
    *length = (size_t)(keys->offsets[i + 1] - keys->offsets[i]);
    return keys->bytes + keys->offsets[i];
}

static inline bool interrupted(const struct perfpy_interrupt *interrupt)
{
    return interrupt && interrupt->requested && interrupt->requested(interrupt->context);
}

#endif
