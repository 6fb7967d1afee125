/* What a layout of tries can do; the binding knows nothing else of one.
 *
 * Keys are byte strings, and their order is that of their bytes. In every layout a key has a rank: how many keys are
 * below it. Ranges of keys, slices, counts and everything else that is ordered are made of ranks by whoever uses this.
 *
 * A trie is read from memory that may be anything, such as a damaged file: open() looks at headers and at the bounds of
 * sections, check() at everything else. Even where check() was never called, no function reads outside the memory,
 * and none runs for ever; ranks and keys may then be wrong. Every function that reads a trie may be called by several
 * threads at once; none needs the GIL.
 */
#ifndef PERFPY_TRIE_LAYOUT_H
#define PERFPY_TRIE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/interrupt.h"
#include "../common/isa.h"

enum perfpy_trie_status {
    PERFPY_TRIE_OK,
    PERFPY_TRIE_MEMORY,      /* an allocation failed */
    PERFPY_TRIE_INTERRUPTED, /* as the caller asked */
    PERFPY_TRIE_TOO_LARGE,   /* for the numbers of the layout */
};

/* Keys one after the other: key i is bytes[offsets[i]] to bytes[offsets[i + 1]], and there are count + 1 offsets. What a
 * trie is built of is sorted and without duplicates, and may be a mapped file; it may be read several times. */
struct perfpy_trie_keys {
    const unsigned char *bytes;
    const uint64_t *offsets;
    uint64_t count;
};

/* A trie as bytes, from malloc(): little-endian, without pointers, the same on every machine. They may be moved to any
 * address, so that nothing depends on alignment. */
struct perfpy_trie_payload {
    unsigned char *data;
    size_t size;
};

/* A trie that can be read; there is nothing to close. Who opened it keeps the memory. */
struct perfpy_trie {
    const unsigned char *data;
    size_t size;
    uint64_t count;     /* of keys */
    uint64_t words[52]; /* what open() worked out; the layout's own, and may hold pointers into the data */
};

/* A place among the keys. All zero before the first seek(). */
struct perfpy_trie_cursor {
    unsigned char *key; /* from malloc(), the cursor's own until close() */
    size_t length, capacity;
    uint64_t rank;
    void *state; /* the layout's own */
};

/* Keys of consecutive ranks, from `start` to before `stop`, and where the layout found the first of them, as it likes. */
struct perfpy_trie_span {
    uint64_t start, stop;
    uint64_t hint[2];
};

/* Is shown a key, which is there until it returns; false where it wants no more. */
typedef bool perfpy_trie_visitor(void *context, const unsigned char *key, size_t length);

struct perfpy_trie_layout {
    const char *name;

    /* Makes the bytes of a trie. Where it does not return PERFPY_TRIE_OK, there is nothing to free. */
    enum perfpy_trie_status (*build)(const struct perfpy_trie_keys *keys, const struct perfpy_interrupt *interrupt,
                                     struct perfpy_trie_payload *payload);

    /* Fills the trie, in constant time; false where the bytes cannot be one. */
    bool (*open)(struct perfpy_trie *trie, const unsigned char *data, size_t size);

    /* Whether the whole structure makes sense, in linear time. */
    bool (*check)(const struct perfpy_trie *trie);

    /* The rank of a key, or -1. */
    int64_t (*find)(const struct perfpy_trie *trie, const unsigned char *key, size_t length);

    /* Whether there is a key, where that is cheaper than its rank; else NULL. */
    bool (*has)(const struct perfpy_trie *trie, const unsigned char *key, size_t length);

    /* How many keys are below this one. */
    uint64_t (*lower_bound)(const struct perfpy_trie *trie, const unsigned char *key, size_t length);

    /* Finds the keys that begin with a prefix; where there are none, `start` and `stop` are its lower bound. */
    enum perfpy_trie_status (*span)(const struct perfpy_trie *trie, const unsigned char *prefix, size_t length,
                                    struct perfpy_trie_span *span);

    /* find() of each of the queries, which are in any order. */
    void (*find_many)(const struct perfpy_trie *trie, const struct perfpy_trie_keys *queries, int64_t *ranks);

    /* Goes to a rank below trie->count and sets the key; a cursor may be sought with again and again. */
    enum perfpy_trie_status (*seek)(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor, uint64_t rank);

    /* seek() to the first of the keys that span() has found, of which there is one, for this prefix in this trie. From
     * there the cursor may be moved on to the others, but not behind the last of them. */
    enum perfpy_trie_status (*seek_span)(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                         const unsigned char *prefix, size_t length,
                                         const struct perfpy_trie_span *span);

    /* Goes to the next rank and sets the key; at the last key rank becomes trie->count, and the key is left as it is. */
    enum perfpy_trie_status (*next)(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor);

    /* next(), at most `count` times, and shows the keys; none after the last one, or after damage that is noticed. */
    enum perfpy_trie_status (*walk)(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor, uint64_t count,
                                    perfpy_trie_visitor *visit, void *context);

    /* Frees what a cursor holds, and makes it all zero. */
    void (*close)(struct perfpy_trie_cursor *cursor);

    /* Finds the keys that the text starts with, shortest first; returns how many there are, of which the first `room`
     * are stored with their lengths and, unless that is NULL, their ranks. */
    size_t (*prefixes)(const struct perfpy_trie *trie, const unsigned char *text, size_t length, uint64_t *ranks,
                       uint64_t *lengths, size_t room);
};

extern const struct perfpy_trie_layout perfpy_trie_compact, perfpy_trie_fast;

/* A layout for an instruction set, which must be one that perfpy_isa_choose() returned. */
typedef const struct perfpy_trie_layout *perfpy_trie_variant(enum perfpy_isa isa);

perfpy_trie_variant perfpy_trie_fast_variant;

#endif
