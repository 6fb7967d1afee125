/* Compares what is kept of hashes by linear counting, LogLog and k minimum values, and the counters of count-min
 * sketches, with models of them.
 *
 * Usage: test_counting ISA CASES SEED. Built by test_native.py, with sanitizers.
 */
#include "sketch_cases.h"

#include "../cardinality/count_min.h"
#include "store.h"

enum { MOST_BITS = 5000, MOST_RANKS = 1 << 11, MOST_MINIMA = 700, FAR_WIDTH = 40000 };

static struct room counters, batch, answers;

static uint64_t part_by_definition(uint64_t hash, uint64_t count)
{
    return (uint64_t)((uint128)hash * count >> 64);
}

/* Bits or ranks. */
static void put(enum store_rule rule, uint64_t size, uint8_t *model, uint64_t hash)
{
    if (rule == STORE_BITS) {
        const uint64_t place = part_by_definition(hash, size);
        model[place / 8] |= (uint8_t)(1 << place % 8);
        return;
    }
    int precision = 0;
    while (size >> precision > 1)
        precision++;
    const int rank = zeros_by_definition(hash, 64 - precision) + 1;
    uint8_t *mine = model + (hash >> (64 - precision));
    *mine = (uint8_t)(rank > *mine ? rank : *mine);
}

static void test_bytes(enum store_rule rule)
{
    const uint64_t size = rule == STORE_BITS ? 1 + some(MOST_BITS) : UINT64_C(2) << below(11);
    static uint8_t model[MOST_RANKS], others[MOST_RANKS];
    struct store store;
    memset(model, 0, sizeof model);
    memset(others, 0, sizeof others);
    allocations_left = 0;
    if (perfpy_store_open(&store, rule, size) == 0)
        fail("a store without memory", size);
    perfpy_store_close(&store);
    allocations_left = -1;
    if (perfpy_store_open(&store, rule, size) < 0)
        fail("a store", size);
    for (int i = 0; i < 3; i++) {
        const size_t count = some(MOST);
        uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes);
        fill_hashes(hashes, count, (int)below(HASH_KINDS));
        for (size_t k = 0; k < count; k++)
            put(rule, size, i == 2 ? others : model, hashes[k]);
        if (i < 2 && perfpy_store_take(&store, hashes, (ptrdiff_t)count) < 0)
            fail("bits or ranks", count);
        perfpy_store_settle(&store);
        if (i < 2 && memcmp(store.bytes, model, store_bytes(&store)) != 0)
            fail("a store of this size", size);
    }
    uint8_t *bytes = place(&answers, store_bytes(&store), 1);
    memcpy(bytes, others, store_bytes(&store));
    perfpy_store_unite(&store, bytes);
    for (size_t i = 0; i < store_bytes(&store); i++) {
        const uint8_t more = model[i] > others[i] ? model[i] : others[i];
        if (store.bytes[i] != (rule == STORE_BITS ? model[i] | others[i] : more))
            fail("what was united", i);
    }
    perfpy_store_close(&store);
}

static int ascending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void check_minima(struct store *store, uint64_t *all, size_t count)
{
    qsort(all, count, sizeof *all, ascending);
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < store->size; i++)
        if (i == 0 || all[i] != all[i - 1]) {
            if (kept < store->settled && store->hashes[kept] != all[i])
                fail("a minimum", kept);
            kept++;
        }
    if (store->settled != kept || store->used != kept)
        fail("how many minima there are", store->settled);
}

static void test_minima(void)
{
    static uint64_t all[5 * MOST];
    struct store store;
    size_t taken = 0;
    perfpy_store_open(&store, STORE_MINIMA, 1 + some(MOST_MINIMA));
    for (int i = 0; i < 5; i++) {
        const size_t count = below(2) ? some(MOST) : 512 * below(4) + below(3); /* about as many as there is room for */
        uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes);
        fill_hashes(hashes, count, (int)below(HASH_KINDS));
        for (size_t k = 0; k < count; k++)
            all[taken++] = hashes[k];
        allocations_left = below(2) ? -1 : (long)below(2);
        while (perfpy_store_take(&store, hashes, (ptrdiff_t)count) < 0) { /* and then all of them again */
            if (allocations_left != 0)
                fail("minima that were refused", count);
            allocations_left = -1;
        }
        allocations_left = -1;
        if (below(2)) { /* else more of them are taken in before they are in order */
            perfpy_store_settle(&store);
            check_minima(&store, all, taken);
        }
    }
    perfpy_store_settle(&store);
    check_minima(&store, all, taken);
    perfpy_store_close(&store);
}

/* The counter of a hash in a row. */
static uint64_t *counter_of(const struct count_min *sketch, uint64_t *table, uint64_t hash, int row)
{
    const uint64_t step = (hash << 32 | hash >> 32) * UINT64_C(0xD1342543DE82EF95) | 1;
    const uint64_t turned = hash + (uint64_t)row * step;
    return table + (uint64_t)row * sketch->width + part_by_definition(turned, sketch->width);
}

static uint64_t count_of(const struct count_min *sketch, uint64_t *table, uint64_t hash)
{
    uint64_t least = UINT64_MAX;
    for (int row = 0; row < sketch->depth; row++) {
        const uint64_t count = *counter_of(sketch, table, hash, row);
        least = count < least ? count : least;
    }
    return least;
}

static void count_by_definition(const struct count_min *sketch, uint64_t *table, uint64_t hash, uint64_t times)
{
    const uint64_t raised = count_of(sketch, table, hash) + times;
    for (int row = 0; row < sketch->depth; row++) {
        uint64_t *counter = counter_of(sketch, table, hash, row);
        if (!sketch->conservative)
            *counter += times;
        else if (*counter < raised)
            *counter = raised;
    }
}

static void test_count_min(uint64_t width, int depth)
{
    uint64_t total = 0, expected = 0;
    const size_t size = width * (uint64_t)depth * sizeof(uint64_t);
    const struct count_min sketch = {&total, place(&counters, size, sizeof(uint64_t)), width, depth, below(2)};
    uint64_t *table = calloc(size, 1);
    memset(sketch.counters, 0, size);
    for (int i = 0; i < 3; i++) {
        const size_t count = some(MOST);
        const uint64_t times = below(2) ? 1 : random_bits() >> (20 + below(44));
        uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes);
        fill_hashes(hashes, count, (int)below(HASH_KINDS));
        perfpy_count_min_add(&sketch, hashes, (ptrdiff_t)count, times);
        for (size_t k = 0; k < count; k++)
            count_by_definition(&sketch, table, hashes[k], times);
        expected += count * times;
        if (total != expected || memcmp(sketch.counters, table, size) != 0)
            fail("the counters of this width", width);
        for (size_t k = 0; k < count; k++)
            hashes[k] = below(2) ? hashes[k] : random_bits();
        uint64_t *out = place(&answers, count * sizeof *out, sizeof *out);
        perfpy_count_min_look_up(&sketch, hashes, (ptrdiff_t)count, out);
        for (size_t k = 0; k < count; k++)
            if (out[k] != count_of(&sketch, table, hashes[k]))
                fail("a count", k);
    }
    free(table);
}

int main(int argc, char **argv)
{
    const int cases = begin(argc, argv);
    counters = open_room(FAR_WIDTH * 4 * sizeof(uint64_t));
    batch = open_room(MOST * sizeof(uint64_t));
    answers = open_room(MOST * sizeof(uint64_t));
    for (int i = 0; i < cases; i++) {
        test_bytes(STORE_BITS);
        test_bytes(STORE_RANKS);
        test_minima();
        test_count_min(1 + some(1000), 1 + (int)below(COUNT_MIN_MOST_ROWS));
    }
    test_count_min(FAR_WIDTH, 4); /* beyond what a nearer cache holds */
    return 0;
}
