/* Keys that come in, and their sorting: quicksort by seven bytes at a time, which are kept beside each key, so that most
 * comparisons touch no key. Keys with the same seven bytes are sorted by those after them, and after what they share.
 */
#include "growing.h"

#include <stdlib.h>
#include <string.h>

enum {
    PLACE_BITS = 40,
    LENGTH_BITS = 64 - PLACE_BITS,
    WORD = 7,
    MORE = WORD + 1, /* as the last byte of a word: the key goes on */
    FEW = 12,
    MANY = 1000,
    AHEAD = 16, /* items whose keys are fetched before they are looked at */
    FIRST_ROOM = 4096,
    FIRST_KEYS = 256,
};

#ifndef LONG /* less in tests */
#define LONG ((1 << LENGTH_BITS) - 1)
#endif

#ifndef KEYS_BETWEEN_POLLS
#define KEYS_BETWEEN_POLLS (1 << 20)
#endif

unsigned char *perfpy_trie_reserve(struct perfpy_trie_growing *keys, size_t length)
{
    if (keys->count + 2 > keys->most) {
        const uint64_t most = keys->most ? 2 * keys->most : FIRST_KEYS;
        uint64_t *offsets = most > SIZE_MAX / sizeof *offsets ? NULL : realloc(keys->offsets, most * sizeof *offsets);
        if (!offsets)
            return NULL;
        if (!keys->offsets) {
            offsets[0] = 0;
            keys->sorted = true;
        }
        keys->offsets = offsets;
        keys->most = most;
    }
    if (!keys->bytes || length > keys->room - keys->size) {
        if (length > SIZE_MAX / 4 - keys->size)
            return NULL;
        const uint64_t wanted = 2 * (keys->size + length) + FIRST_ROOM;
        unsigned char *bytes = realloc(keys->bytes, wanted);
        if (!bytes)
            return NULL;
        keys->bytes = bytes;
        keys->room = wanted;
    }
    return keys->bytes + keys->size;
}

static int compare(const unsigned char *a, size_t length_a, const unsigned char *b, size_t length_b)
{
    const int order = memcmp(a, b, length_a < length_b ? length_a : length_b);
    return order ? order : (length_a > length_b) - (length_a < length_b);
}

void perfpy_trie_append(struct perfpy_trie_growing *keys, size_t length)
{
    if (keys->sorted && keys->count > 0) {
        const uint64_t last = keys->offsets[keys->count - 1];
        const int order = compare(keys->bytes + last, keys->size - last, keys->bytes + keys->size, length);
        if (order == 0)
            return;
        keys->sorted = order < 0;
    }
    keys->size += length;
    keys->offsets[++keys->count] = keys->size;
}

void perfpy_trie_free(struct perfpy_trie_growing *keys)
{
    free(keys->bytes);
    free(keys->offsets);
    *keys = (struct perfpy_trie_growing){0};
}

/* Where a key is and how long, LONG if it is longer than fits, so that its offsets are mostly not looked at. */
struct item {
    uint64_t word; /* seven bytes of the key, the first of them highest, zeros beyond its end; how many there are, or MORE */
    uint64_t place : PLACE_BITS, length : LENGTH_BITS;
};

struct sorting {
    const struct perfpy_trie_growing *keys;
    const struct perfpy_interrupt *interrupt;
    uint64_t until_poll;
    uint64_t random;
};

/* The length of a key that is LONG: the distance to the offset behind its own. */
static size_t long_length(const struct perfpy_trie_growing *keys, uint64_t place)
{
    uint64_t low = 0, high = keys->count; /* the last offset that is not above the place; empty keys are not long */
    while (high - low > 1) {
        const uint64_t between = low + (high - low) / 2;
        if (keys->offsets[between] <= place)
            low = between;
        else
            high = between;
    }
    return (size_t)(keys->offsets[low + 1] - place);
}

/* The bytes of a key from `depth` on. */
static inline const unsigned char *rest(const struct sorting *sorting, const struct item *item, size_t depth,
                                        size_t *length)
{
    *length = (item->length == LONG ? long_length(sorting->keys, item->place) : item->length) - depth;
    return sorting->keys->bytes + item->place + depth;
}

/* The word of a key from its byte `depth` on, which it has, or ends with. */
static uint64_t word_at(const struct sorting *sorting, const struct item *item, size_t depth)
{
    size_t length;
    const unsigned char *bytes = rest(sorting, item, depth, &length);
    uint64_t word = 0;
    if (item->place + depth + sizeof word <= sorting->keys->size) {
        memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        word = __builtin_bswap64(word);
#endif
    } else {
        for (size_t i = 0; i < length && i < WORD; i++)
            word |= (uint64_t)bytes[i] << (56 - 8 * i);
    }
    return length > WORD ? (word & ~UINT64_C(255)) | MORE : (word & ~(UINT64_MAX >> 8 * length)) | length;
}

/* Fetches a key that is looked at soon. */
static inline void fetch(const struct sorting *sorting, const struct item *items, size_t count, size_t i, size_t depth)
{
    if (i + AHEAD < count)
        __builtin_prefetch(sorting->keys->bytes + items[i + AHEAD].place + depth);
}

static void load_words(const struct sorting *sorting, struct item *items, size_t count, size_t depth)
{
    for (size_t i = 0; i < count; i++) {
        fetch(sorting, items, count, i, depth);
        items[i].word = word_at(sorting, &items[i], depth);
    }
}

/* How many of the first `most` bytes are the same. */
static size_t same_bytes(const unsigned char *a, const unsigned char *b, size_t most)
{
    size_t same = 0;
    for (uint64_t x, y; same + sizeof x <= most; same += sizeof x) {
        memcpy(&x, a + same, sizeof x);
        memcpy(&y, b + same, sizeof y);
        if (x != y)
            break;
    }
    while (same < most && a[same] == b[same])
        same++;
    return same;
}

/* How many bytes all keys share from `depth` on; 0 where some of them show that it is less than a word. */
static size_t shared_by_all(const struct sorting *sorting, const struct item *items, size_t count, size_t depth)
{
    size_t shared;
    const unsigned char *first = rest(sorting, &items[0], depth, &shared);
    for (size_t step = count / 4 + 1; step > 0 && shared >= WORD; step = step > 1)
        for (size_t i = step; i < count && shared >= WORD; i += step) {
            size_t length;
            if (step == 1)
                fetch(sorting, items, count, i, depth);
            const unsigned char *bytes = rest(sorting, &items[i], depth, &length);
            shared = same_bytes(first, bytes, length < shared ? length : shared);
        }
    return shared >= WORD ? shared : 0;
}

/* The middle one of three words. */
static uint64_t middle(uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The middle one of some items at random, so that no order of the keys is a bad one. */
static uint64_t pivot_of(struct sorting *sorting, const struct item *items, size_t count)
{
    uint64_t words[9];
    const size_t taken = count > MANY ? 9 : 3;
    for (size_t i = 0; i < taken; i++) {
        sorting->random = sorting->random * 6364136223846793005u + 1442695040888963407u;
        words[i] = items[(sorting->random >> 33) % count].word;
    }
    for (size_t i = 0; taken > 3 && i < 3; i++)
        words[i] = middle(words[i], words[i + 3], words[i + 6]);
    return middle(words[0], words[1], words[2]);
}

/* Puts the items whose words are below `bound` first, and returns how many they are; without a branch, as that would
 * be guessed wrongly half of the time. */
static size_t part_at(struct item *items, size_t count, uint64_t bound)
{
    size_t below = 0;
    for (size_t i = 0; i < count; i++) {
        const struct item item = items[i];
        items[i] = items[below];
        items[below] = item;
        below += item.word < bound;
    }
    return below;
}

struct part {
    struct item *items;
    size_t count, depth;
    uint64_t least; /* no word is below */
};

/* What is left to sort of keys with the same word. Not all of them will have the same one again. */
static struct part go_on(const struct sorting *sorting, struct item *items, size_t count, size_t depth)
{
    if ((items[0].word & 255) != MORE) /* they are all the same */
        return (struct part){items, 0, depth, 0};
    depth += WORD;
    depth += shared_by_all(sorting, items, count, depth);
    load_words(sorting, items, count, depth);
    return (struct part){items, count, depth, 0};
}

/* Sorts by words, and then what has the same word; the part shrinks each time. */
static void sort_few(const struct sorting *sorting, struct part part)
{
    struct item *items = part.items;
    for (size_t i = 1; i < part.count; i++) {
        const struct item moved = items[i];
        size_t place = i;
        for (; place > 0 && moved.word < items[place - 1].word; place--)
            items[place] = items[place - 1];
        items[place] = moved;
    }
    for (size_t first = 0, after; first < part.count; first = after) {
        for (after = first + 1; after < part.count && items[after].word == items[first].word; after++)
            ;
        if (after - first > 1)
            sort_few(sorting, go_on(sorting, items + first, after - first, part.depth));
    }
}

static bool sort_items(struct sorting *sorting, struct part part)
{
    while (part.count > FEW) {
        struct item *items = part.items;
        sorting->until_poll += part.count;
        if (sorting->until_poll > KEYS_BETWEEN_POLLS) {
            sorting->until_poll = 0;
            if (sorting->interrupt->requested(sorting->interrupt->context))
                return false;
        }
        /* Words that occur often come up as the least one, and are then put apart. */
        const uint64_t pivot = pivot_of(sorting, items, part.count);
        const bool is_least = pivot == part.least;
        const size_t below = part_at(items, part.count, pivot + is_least);
        const struct part parts[2] = {
            is_least ? go_on(sorting, items, below, part.depth) : (struct part){items, below, part.depth, part.least},
            {items + below, part.count - below, part.depth, pivot + is_least},
        };
        /* The smaller part recurses, the larger one is next in the loop. */
        const size_t smaller = parts[1].count < parts[0].count;
        if (!sort_items(sorting, parts[smaller]))
            return false;
        part = parts[1 - smaller];
    }
    sort_few(sorting, part);
    return true;
}

/* Writes the keys in the order of the items, each once. */
static void put_in_order(struct perfpy_trie_growing *keys, const struct sorting *sorting, const struct item *items,
                         unsigned char *bytes, uint64_t *offsets)
{
    uint64_t size = 0, count = 0, last = 0;
    offsets[0] = 0;
    for (uint64_t i = 0; i < keys->count; i++) {
        fetch(sorting, items, keys->count, i, 0);
        size_t length;
        const unsigned char *key = rest(sorting, &items[i], 0, &length);
        if (count > 0 && length == size - last && memcmp(key, bytes + last, length) == 0)
            continue;
        memcpy(bytes + size, key, length);
        last = size;
        size += length;
        offsets[++count] = size;
    }
    free(keys->bytes);
    free(keys->offsets);
    *keys = (struct perfpy_trie_growing){bytes, offsets, size, keys->size, count, keys->count + 1, true};
}

enum perfpy_trie_status perfpy_trie_sort(struct perfpy_trie_growing *keys, const struct perfpy_interrupt *interrupt)
{
    if (keys->sorted || keys->count < 2)
        return PERFPY_TRIE_OK;
    if (keys->size >> PLACE_BITS)
        return PERFPY_TRIE_TOO_LARGE;
    struct item *items = keys->count > SIZE_MAX / sizeof *items ? NULL : malloc(keys->count * sizeof *items);
    unsigned char *bytes = malloc(keys->size + 1);
    uint64_t *offsets = malloc((keys->count + 1) * sizeof *offsets);
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    if (items && bytes && offsets) {
        struct sorting sorting = {keys, interrupt, 0, 1};
        for (uint64_t i = 0; i < keys->count; i++) {
            const uint64_t length = keys->offsets[i + 1] - keys->offsets[i];
            items[i] = (struct item){.place = keys->offsets[i], .length = length < LONG ? length : LONG};
        }
        load_words(&sorting, items, keys->count, 0);
        status = sort_items(&sorting, (struct part){items, keys->count, 0, 0}) ? PERFPY_TRIE_OK : PERFPY_TRIE_INTERRUPTED;
        if (status == PERFPY_TRIE_OK)
            put_in_order(keys, &sorting, items, bytes, offsets);
    }
    if (status != PERFPY_TRIE_OK) {
        free(bytes);
        free(offsets);
    }
    free(items);
    return status;
}
