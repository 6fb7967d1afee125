/* Keys that come in, and their sorting: quicksort by eight bytes at a time, which are kept beside each key, so that most
 * comparisons touch no key. Keys with the same eight bytes are sorted by the eight after them.
 */
#include "growing.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 8, FEW = 12, FIRST_ROOM = 4096, FIRST_KEYS = 256 };

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

struct item {
    uint64_t word; /* eight bytes of the key, the first of them highest, zeros beyond its end */
    uint64_t key;
};

struct sorting {
    const unsigned char *bytes;
    const uint64_t *offsets;
    const struct perfpy_interrupt *interrupt;
    uint64_t until_poll;
    uint64_t random;
};

static size_t left(const struct sorting *sorting, const struct item *item, size_t depth)
{
    return sorting->offsets[item->key + 1] - sorting->offsets[item->key] - depth;
}

static void load(const struct sorting *sorting, struct item *item, size_t depth)
{
    const size_t length = left(sorting, item, depth);
    const unsigned char *bytes = sorting->bytes + sorting->offsets[item->key] + depth;
    uint64_t word = 0;
    for (size_t i = 0; i < WORD && i < length; i++)
        word |= (uint64_t)bytes[i] << (56 - 8 * i);
    item->word = word;
}

static inline void swap(struct item *a, struct item *b)
{
    const struct item kept = *a;
    *a = *b;
    *b = kept;
}

static bool is_below(const struct sorting *sorting, const struct item *a, const struct item *b, size_t depth)
{
    if (a->word != b->word)
        return a->word < b->word;
    return compare(sorting->bytes + sorting->offsets[a->key] + depth, left(sorting, a, depth),
                   sorting->bytes + sorting->offsets[b->key] + depth, left(sorting, b, depth)) < 0;
}

static void sort_few(const struct sorting *sorting, struct item *items, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        const struct item moved = items[i];
        size_t place = i;
        for (; place > 0 && is_below(sorting, &moved, &items[place - 1], depth); place--)
            items[place] = items[place - 1];
        items[place] = moved;
    }
}

static uint64_t random_word(struct sorting *sorting, const struct item *items, size_t count)
{
    sorting->random = sorting->random * 6364136223846793005u + 1442695040888963407u;
    return items[(sorting->random >> 33) % count].word;
}

/* The middle one of three items at random, so that no order of the keys is a bad one. */
static uint64_t pivot_of(struct sorting *sorting, const struct item *items, size_t count)
{
    const uint64_t a = random_word(sorting, items, count), b = random_word(sorting, items, count),
                   c = random_word(sorting, items, count);
    const uint64_t low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* Puts the keys that end within the word first, shorter ones first; returns how many they are. Their words are equal, so
 * that keys of one length are the same. */
static size_t put_ended_first(const struct sorting *sorting, struct item *items, size_t count, size_t depth)
{
    size_t ended = 0;
    for (size_t length = 0; length <= WORD; length++)
        for (size_t i = ended; i < count; i++)
            if (left(sorting, &items[i], depth) == length)
                swap(&items[i], &items[ended++]);
    return ended;
}

struct part {
    struct item *items;
    size_t count, depth;
};

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
        const uint64_t pivot = pivot_of(sorting, items, part.count);
        size_t below = 0, above = part.count; /* [0, below) < pivot, [below, i) equal, [above, count) > pivot */
        for (size_t i = 0; i < above;) {
            if (items[i].word < pivot)
                swap(&items[i++], &items[below++]);
            else if (items[i].word > pivot)
                swap(&items[i], &items[--above]);
            else
                i++;
        }
        const size_t ended = put_ended_first(sorting, items + below, above - below, part.depth);
        struct part parts[3] = {
            {items, below, part.depth},
            {items + below + ended, above - below - ended, part.depth + WORD},
            {items + above, part.count - above, part.depth},
        };
        for (size_t i = 0; i < parts[1].count; i++)
            load(sorting, &parts[1].items[i], parts[1].depth);
        /* The largest part last, and by the loop: no part that recurses is more than half of its whole. */
        size_t largest = 0;
        for (size_t i = 1; i < 3; i++)
            largest = parts[i].count > parts[largest].count ? i : largest;
        for (size_t i = 0; i < 3; i++)
            if (i != largest && !sort_items(sorting, parts[i]))
                return false;
        part = parts[largest];
    }
    sort_few(sorting, part.items, part.count, part.depth);
    return true;
}

/* Writes the keys in the order of the items, each once. */
static void put_in_order(struct perfpy_trie_growing *keys, const struct item *items, unsigned char *bytes, uint64_t *offsets)
{
    uint64_t size = 0, count = 0, last = 0;
    offsets[0] = 0;
    for (uint64_t i = 0; i < keys->count; i++) {
        const unsigned char *key = keys->bytes + keys->offsets[items[i].key];
        const size_t length = keys->offsets[items[i].key + 1] - keys->offsets[items[i].key];
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
    struct item *items = keys->count > SIZE_MAX / sizeof *items ? NULL : malloc(keys->count * sizeof *items);
    unsigned char *bytes = malloc(keys->size + 1);
    uint64_t *offsets = malloc((keys->count + 1) * sizeof *offsets);
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    if (items && bytes && offsets) {
        struct sorting sorting = {keys->bytes, keys->offsets, interrupt, 0, 1};
        for (uint64_t i = 0; i < keys->count; i++) {
            items[i].key = i;
            load(&sorting, &items[i], 0);
        }
        status = sort_items(&sorting, (struct part){items, keys->count, 0}) ? PERFPY_TRIE_OK : PERFPY_TRIE_INTERRUPTED;
    }
    if (status == PERFPY_TRIE_OK) {
        put_in_order(keys, items, bytes, offsets);
    } else {
        free(bytes);
        free(offsets);
    }
    free(items);
    return status;
}
