/* Looks keys up in the compact layout; compact.h says how. */
#include "compact_decode.h"

enum { BATCH = 16 };

/* What a scan of a block found: how many keys are below the one that is looked for, and whether it is next. */
struct found {
    uint64_t rank;
    bool equal;
};

/* Keys of a block that a text starts with: how many, and where to put the first `room` of them. */
struct starts {
    uint64_t count, room;
    uint64_t *ranks, *lengths;
};

static inline void add_start(struct starts *starts, uint64_t rank, uint64_t length)
{
    if (starts->count < starts->room) {
        starts->ranks[starts->count] = rank;
        starts->lengths[starts->count] = length;
    }
    starts->count++;
}

/* A search in a block. Of the current key, `depth` bytes long, the first `common` are those of `key`; it is below `key`
 * unless they are the same that far, so if it is longer it differs at byte `common`, and whatever is appended or cut
 * off behind that byte does not matter. If it is cut to less than `common`, all keys that follow are above. */
struct search {
    const unsigned char *key;
    int64_t length, depth, common;
    int32_t next; /* the byte of `key` at `common`, or -1 at its end */
    uint64_t rank, end;
    bool equal;
};

static inline void set_common(struct search *search, int64_t common)
{
    search->common = common;
    search->next = common < search->length ? search->key[common] : -1;
}

/* Applies the operations of a token; true where the search is over. */
static inline bool walk(const struct compact *compact, uint64_t token, struct search *search, struct starts *starts)
{
    const unsigned char *stop, *bytes = token_ops(compact, token, &stop);
    while (bytes < stop) {
        const uint32_t op = token_op(compact, &bytes, stop);
        if (op < OP_END) {
            if (search->depth == search->common) {
                if ((int32_t)op > search->next)
                    return true;
                if ((int32_t)op == search->next)
                    set_common(search, search->common + 1);
            }
            search->depth++;
        } else if (op < OP_RAW) {
            if (search->depth == search->common) {
                if (starts)
                    add_start(starts, search->rank, (uint64_t)search->depth);
                if (search->next < 0) {
                    search->equal = true;
                    return true;
                }
            }
            search->rank++;
            search->depth -= op - OP_END;
            if (search->depth < search->common || search->rank == search->end)
                return true;
        } else {
            return true;
        }
    }
    return false;
}

/* Applies a special token. */
static bool walk_special(const struct compact *compact, uint32_t number, struct compact_bits *bits,
                         struct search *search)
{
    const unsigned char *raw;
    size_t count;
    if (number >= compact->special_count)
        return true;
    search->depth -= (int64_t)decode_special(compact, number, bits, &raw, &count);
    if (search->depth < search->common)
        return true;
    if (count && search->depth == search->common) {
        const size_t left = (size_t)(search->length - search->common);
        const size_t shared = common_prefix(raw, search->key + search->common, count < left ? count : left);
        set_common(search, search->common + (int64_t)shared);
        if (shared < count && (int32_t)raw[shared] > search->next)
            return true;
    }
    search->depth += (int64_t)count;
    return false;
}

/* Goes through a block until a key is not below the one that is looked for. */
static inline struct found scan(const struct compact *compact, struct compact_place place, const unsigned char *key,
                                size_t length, struct starts *starts)
{
    struct compact_bits bits = compact_bits(compact, place.block);
    struct search search = {
        .key = key,
        .length = (int64_t)length,
        .depth = (int64_t)place.length,
        .rank = compact_rank(compact, place.block),
        .end = compact_rank(compact, place.block + 1),
    };
    set_common(&search, (int64_t)place.common);
    while (search.rank < search.end && bits_fill(&bits)) {
#pragma GCC unroll 3
        for (int i = 0; i < CODES_PER_FILL; i++) {
            const uint32_t number = decode(compact, &bits);
            if (__builtin_expect(number >= compact->token_count, 0)) {
                if (walk_special(compact, number - compact->token_count, &bits, &search))
                    goto done;
                break;
            }
            const uint64_t token = perfpy_load64(compact->tokens + 8 * (size_t)number);
            const int64_t lowest = search.depth - token_low(token);
            /* A key that the other one starts with may end before that byte, and is not missed if it is wanted. */
            const bool below = !starts && token_byte(token) < search.next;
            if (lowest + below > search.common) {
                search.depth += token_net(token);
                search.rank += token_keys(token);
                if (__builtin_expect(search.rank >= search.end, 0))
                    goto done;
            } else if (walk(compact, token, &search, starts)) {
                goto done;
            }
        }
    }
done:
    return (struct found){search.rank < search.end ? search.rank : search.end, search.equal};
}

static struct found search_all(const struct compact *compact, const unsigned char *key, size_t length)
{
    return scan(compact, perfpy_compact_locate(compact, key, length), key, length, NULL);
}

static int64_t find(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct compact compact = compact_of(trie);
    if (compact.blocks == 0)
        return -1;
    const struct found found = search_all(&compact, key, length);
    return found.equal ? (int64_t)found.rank : -1;
}

static uint64_t lower_bound(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct compact compact = compact_of(trie);
    return compact.blocks ? search_all(&compact, key, length).rank : 0;
}

/* First the blocks of a few queries, whose memory is then on its way while others are looked for. */
static void find_many(const struct perfpy_trie *trie, const struct perfpy_trie_keys *queries, int64_t *ranks)
{
    const struct compact compact = compact_of(trie);
    for (uint64_t first = 0; first < queries->count; first += BATCH) {
        const uint64_t left = queries->count - first, count = left < BATCH ? left : BATCH;
        const uint64_t *offsets = queries->offsets + first;
        struct compact_place places[BATCH];
        for (uint64_t i = 0; i < count && compact.blocks; i++) {
            const unsigned char *key = queries->bytes + offsets[i];
            places[i] = perfpy_compact_locate(&compact, key, (size_t)(offsets[i + 1] - offsets[i]));
            const unsigned char *block = compact.data + (size_t)places[i].block * compact.block_bytes;
            for (uint32_t line = 0; line < compact.block_bytes; line += 64)
                __builtin_prefetch(block + line);
        }
        for (uint64_t i = 0; i < count; i++) {
            const size_t length = (size_t)(offsets[i + 1] - offsets[i]);
            struct found found = {0};
            if (compact.blocks)
                found = scan(&compact, places[i], queries->bytes + offsets[i], length, NULL);
            ranks[first + i] = found.equal ? (int64_t)found.rank : -1;
        }
    }
}

static void reverse(uint64_t *numbers, uint64_t count)
{
    for (uint64_t i = 0; i < count / 2; i++) {
        const uint64_t swapped = numbers[i];
        numbers[i] = numbers[count - 1 - i];
        numbers[count - 1 - i] = swapped;
    }
}

/* Goes through the blocks that may hold keys the text starts with, last one first: those in earlier blocks are not
 * longer than what the text shares with the separator, and not the separator. Stores longest keys first, or where
 * `total` says how many there are, shortest first. */
static uint64_t gather_prefixes(const struct compact *compact, const unsigned char *text, size_t length,
                                struct starts room, const uint64_t *total)
{
    uint64_t count = 0;
    struct compact_place place = perfpy_compact_locate(compact, text, length);
    for (;;) {
        struct starts starts = {0};
        if (total)
            scan(compact, place, text, length, &starts);
        const uint64_t first = total ? *total - count - starts.count : count;
        if (first < room.room) {
            starts = (struct starts){0, room.room - first, room.ranks + first, room.lengths + first};
            scan(compact, place, text, length, &starts);
            if (!total) {
                reverse(starts.ranks, starts.count < starts.room ? starts.count : starts.room);
                reverse(starts.lengths, starts.count < starts.room ? starts.count : starts.room);
            }
        } else if (!total) {
            scan(compact, place, text, length, &starts);
        }
        count += starts.count;
        if (place.block == 0 || place.length == 0)
            return count;
        length = place.common < place.length ? place.common : place.common - 1;
        const uint32_t block = place.block;
        place = perfpy_compact_locate(compact, text, length);
        if (place.block >= block)
            return count; /* damaged */
    }
}

static size_t prefixes(const struct perfpy_trie *trie, const unsigned char *text, size_t length, uint64_t *ranks,
                       uint64_t *lengths, size_t room)
{
    const struct compact compact = compact_of(trie);
    if (compact.blocks == 0)
        return 0;
    const struct starts starts = {.room = room, .ranks = ranks, .lengths = lengths};
    const uint64_t total = gather_prefixes(&compact, text, length, starts, NULL);
    if (total > room) {
        gather_prefixes(&compact, text, length, starts, &total);
    } else {
        reverse(ranks, total);
        reverse(lengths, total);
    }
    return (size_t)total;
}

const struct perfpy_trie_layout perfpy_trie_compact = {
    .name = "compact",
    .build = perfpy_compact_build,
    .open = perfpy_compact_open,
    .check = perfpy_compact_check,
    .find = find,
    .lower_bound = lower_bound,
    .find_many = find_many,
    .seek = perfpy_compact_seek,
    .next = perfpy_compact_next,
    .walk = perfpy_compact_walk,
    .close = perfpy_compact_close,
    .prefixes = prefixes,
};
