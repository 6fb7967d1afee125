/* Sets of keys for the tests of the layouts of tries, sorted; and an allocator and an interrupt that can say no. */
#ifndef TRIE_SETS_H
#define TRIE_SETS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocator.h"
#include "layout.h"
#include "random.h"

enum { ROOM = 64, PIECES = 12 };

static long polls_left = -1;
static long polls;

static int poll(void *context)
{
    (void)context;
    polls++;
    polls_left -= polls_left > 0;
    return polls_left == 0;
}

static const struct perfpy_interrupt interrupt = {.requested = poll};

static uint64_t below(uint64_t limit)
{
    return random_bits() % limit;
}

static void fail(const char *what, uint64_t where)
{
    printf("wrong: %s at %llu\n", what, (unsigned long long)where);
    exit(1);
}

/* Sets of keys. */

struct key {
    unsigned char *bytes;
    size_t length;
};

struct set {
    struct key *list;
    size_t count, room;
    struct perfpy_trie_keys keys;
};

static int compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    const size_t both = x->length < y->length ? x->length : y->length;
    const int order = both ? memcmp(x->bytes, y->bytes, both) : 0;
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void add(struct set *set, const unsigned char *bytes, size_t length)
{
    if (set->count == set->room) {
        set->room = 2 * set->room + 16;
        set->list = realloc(set->list, set->room * sizeof *set->list);
    }
    struct key *key = &set->list[set->count++];
    key->bytes = malloc(length + 1);
    key->length = length;
    if (length)
        memcpy(key->bytes, bytes, length);
}

/* Sorts, drops duplicates, and puts the keys behind one another. */
static void finish(struct set *set)
{
    size_t kept = 0, size = 0;
    if (set->count)
        qsort(set->list, set->count, sizeof *set->list, compare);
    for (size_t i = 0; i < set->count; i++) {
        if (kept && compare(&set->list[kept - 1], &set->list[i]) == 0) {
            free(set->list[i].bytes);
            continue;
        }
        set->list[kept++] = set->list[i];
        size += set->list[kept - 1].length;
    }
    set->count = kept;
    unsigned char *bytes = malloc(size + 1);
    uint64_t *offsets = malloc((kept + 1) * sizeof *offsets);
    offsets[0] = 0;
    for (size_t i = 0; i < kept; i++) {
        memcpy(bytes + offsets[i], set->list[i].bytes, set->list[i].length);
        offsets[i + 1] = offsets[i] + set->list[i].length;
    }
    set->keys = (struct perfpy_trie_keys){bytes, offsets, kept};
}

static void free_set(struct set *set)
{
    for (size_t i = 0; i < set->count; i++)
        free(set->list[i].bytes);
    free(set->list);
    free((void *)set->keys.bytes);
    free((void *)set->keys.offsets);
    *set = (struct set){0};
}

static inline size_t lower_bound(const struct set *set, const struct key *key)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (compare(&set->list[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static inline bool holds(const struct set *set, size_t rank, const struct key *key)
{
    return rank < set->count && compare(&set->list[rank], key) == 0;
}

/* A key made of a few pieces, so that sets have much in common and much that repeats. */
static size_t random_key(unsigned char *bytes, int kind)
{
    static const char *const words[PIECES] = {"a", "b", "ing", "station", "/usr/lib/", "x0", "zz", "\xff\xfe", "é",
                                              "aaaaaaaaaaaa", "'s", "\x01"};
    size_t length = 0;
    if (kind == 0) {
        length = below(6);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)("ab"[below(2)]);
    } else if (kind == 1) {
        length = below(5);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)random_bits();
    } else if (kind == 2) {
        for (uint64_t left = below(8); left > 0; left--) {
            const char *word = words[below(PIECES)];
            memcpy(bytes + length, word, strlen(word));
            length += strlen(word);
        }
    } else if (kind == 3) {
        /* NULs matter to windows, which are padded with them. */
        length = below(20);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)(below(8) == 0);
    } else {
        length = below(10) ? below(30) : below(3000);
        for (size_t i = 0; i < length; i++)
            bytes[i] = (unsigned char)(i < 900 ? 'p' : below(kind == 4 ? 3 : 256));
        if (length)
            bytes[length - 1] = (unsigned char)random_bits();
    }
    return length;
}

static void fill_random(struct set *set, size_t count, int kind)
{
    unsigned char bytes[3000];
    for (size_t i = 0; i < count; i++)
        add(set, bytes, random_key(bytes, kind));
    finish(set);
}

#endif
