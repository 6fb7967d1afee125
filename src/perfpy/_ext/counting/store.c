#include "store.h"

#include <stdlib.h>

/* Minima get room for at least so many hashes, which doubles up to twice their number. */
enum { FIRST_ROOM = 512 };

int perfpy_store_open(struct store *store, enum store_rule rule, uint64_t size)
{
    *store = (struct store){.rule = rule, .size = size, .limit = UINT64_MAX};
    if (rule == STORE_MINIMA)
        return 0; /* room is made when it is needed */
    store->bytes = calloc(store_bytes(store), 1);
    return store->bytes ? 0 : -1;
}

void perfpy_store_close(struct store *store)
{
    free(store->bytes);
    free(store->hashes);
    store->bytes = NULL;
    store->hashes = NULL;
}

static void set_bits(const struct store *store, const uint64_t *hashes, ptrdiff_t count)
{
    __extension__ typedef unsigned __int128 uint128;
    uint8_t *bytes = store->bytes;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint64_t place = (uint64_t)((uint128)hashes[i] * store->size >> 64);
        bytes[place / 8] |= (uint8_t)(1u << place % 8);
    }
}

static void raise_ranks(const struct store *store, const uint64_t *hashes, ptrdiff_t count)
{
    const int precision = __builtin_ctzll(store->size);
    const uint64_t end = 1ull << (precision - 1); /* where the zeros of the rest end at the latest */
    uint8_t *ranks = store->bytes;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint8_t rank = (uint8_t)(__builtin_clzll(hashes[i] << precision | end) + 1);
        uint8_t *mine = ranks + (hashes[i] >> (64 - precision));
        if (rank > *mine)
            *mine = rank;
    }
}

static int compare(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

void perfpy_store_settle(struct store *store)
{
    if (store->settled == store->used)
        return;
    qsort(store->hashes, store->used, sizeof *store->hashes, compare);
    size_t kept = 0;
    for (size_t i = 0; i < store->used && kept < store->size; i++)
        if (kept == 0 || store->hashes[i] != store->hashes[kept - 1])
            store->hashes[kept++] = store->hashes[i];
    store->settled = store->used = kept;
    if (kept == store->size)
        store->limit = store->hashes[kept - 1];
}

/* Has room for at least one more: 0, or -1 where memory is short. */
static int make_room(struct store *store)
{
    if (store->used < store->room)
        return 0;
    perfpy_store_settle(store);
    const size_t most = 2 * (size_t)store->size < FIRST_ROOM ? FIRST_ROOM : 2 * (size_t)store->size;
    if (store->room == most || 2 * store->used < store->room)
        return 0; /* settling made room: there are at most as many minima as half of it */
    size_t room = store->room ? 2 * store->room : FIRST_ROOM;
    room = room < most ? room : most;
    uint64_t *hashes = realloc(store->hashes, room * sizeof *hashes);
    if (!hashes)
        return -1;
    store->hashes = hashes;
    store->room = room;
    return 0;
}

/* Whatever is above the largest of all minima is passed over without a branch. */
static int keep_minima(struct store *store, const uint64_t *hashes, ptrdiff_t count)
{
    while (count > 0) {
        if (make_room(store) < 0)
            return -1;
        const size_t left = store->room - store->used;
        const ptrdiff_t part = (size_t)count < left ? count : (ptrdiff_t)left;
        const uint64_t limit = store->limit;
        uint64_t *out = store->hashes + store->used;
        for (ptrdiff_t i = 0; i < part; i++) {
            *out = hashes[i];
            out += hashes[i] <= limit;
        }
        store->used = (size_t)(out - store->hashes);
        hashes += part;
        count -= part;
    }
    return 0;
}

int perfpy_store_take(struct store *store, const uint64_t *hashes, ptrdiff_t count)
{
    if (store->rule == STORE_MINIMA)
        return keep_minima(store, hashes, count);
    (store->rule == STORE_BITS ? set_bits : raise_ranks)(store, hashes, count);
    return 0;
}

void perfpy_store_unite(struct store *store, const uint8_t *bytes)
{
    uint8_t *mine = store->bytes;
    const size_t size = store_bytes(store);
    if (store->rule == STORE_BITS)
        for (size_t i = 0; i < size; i++)
            mine[i] |= bytes[i];
    else
        for (size_t i = 0; i < size; i++)
            mine[i] = bytes[i] > mine[i] ? bytes[i] : mine[i];
}
