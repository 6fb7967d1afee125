/* Compares the compact layout of tries with sorted arrays, and reads damaged ones.
 *
 * Usage: test_trie_compact ISA CASES SEED. Built by test_native.py, with sanitizers, which find every read outside the
 * payload, as that is exactly as large as its block of memory. The allocator is replaced, so that it can fail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compact.h"

#ifndef TRIE
#define TRIE perfpy_trie_compact
#endif

enum { ROOM = 64, PIECES = 12 };

static uint64_t random_state;
static long allocations_left = -1; /* none are refused */
static long polls_left = -1;

static bool refuse(void)
{
    if (allocations_left == 0)
        return true;
    allocations_left -= allocations_left > 0;
    return false;
}

void *test_malloc(size_t size)
{
    return refuse() ? NULL : malloc(size);
}

void *test_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : calloc(count, size);
}

void *test_realloc(void *block, size_t size)
{
    return refuse() ? NULL : realloc(block, size);
}

static int poll(void *context)
{
    (void)context;
    polls_left -= polls_left > 0;
    return polls_left == 0;
}

static const struct perfpy_interrupt interrupt = {.requested = poll};

static uint64_t random_bits(void) /* splitmix64 */
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

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

static size_t lower_bound(const struct set *set, const struct key *key)
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

static bool holds(const struct set *set, size_t rank, const struct key *key)
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

/* Comparison of a trie and a set. */

static struct key probe_near(const struct set *set, unsigned char *bytes, size_t room, int kind)
{
    struct key probe = {bytes, 0};
    if (set->count == 0 || below(4) == 0) {
        probe.length = random_key(bytes, kind);
        return probe;
    }
    const struct key *key = &set->list[below(set->count)];
    probe.length = key->length < room - 1 ? key->length : room - 1;
    memcpy(bytes, key->bytes, probe.length);
    const uint64_t change = below(4);
    if (change == 0 && probe.length)
        probe.length -= 1 + below(probe.length);
    else if (change == 1)
        bytes[probe.length++] = (unsigned char)random_bits();
    else if (change == 2 && probe.length)
        bytes[below(probe.length)] ^= (unsigned char)(1 << below(8));
    return probe;
}

static void compare_prefixes(const struct perfpy_trie *trie, const struct set *set, const struct key *text)
{
    uint64_t ranks[ROOM], lengths[ROOM];
    const size_t room = below(ROOM);
    const size_t found = TRIE.prefixes(trie, text->bytes, text->length, ranks, lengths, room);
    size_t count = 0;
    for (size_t length = 0; length <= text->length; length++) {
        const struct key prefix = {text->bytes, length};
        const size_t rank = lower_bound(set, &prefix);
        if (!holds(set, rank, &prefix))
            continue;
        if (count < room && count < found && (ranks[count] != rank || lengths[count] != length))
            fail("a prefix", rank);
        count++;
    }
    if (count != found)
        fail("the number of prefixes", found);
}

static void compare_probes(const struct perfpy_trie *trie, const struct set *set, int kind, int probes)
{
    unsigned char bytes[3001];
    for (int i = 0; i < probes; i++) {
        const struct key probe = probe_near(set, bytes, sizeof bytes, kind);
        const size_t rank = lower_bound(set, &probe);
        if (TRIE.lower_bound(trie, probe.bytes, probe.length) != rank)
            fail("a lower bound", rank);
        if (TRIE.find(trie, probe.bytes, probe.length) != (holds(set, rank, &probe) ? (int64_t)rank : -1))
            fail("find()", rank);
        compare_prefixes(trie, set, &probe);
    }
}

static void compare_cursor(const struct perfpy_trie_cursor *cursor, const struct set *set, size_t rank)
{
    const struct key key = {cursor->key, cursor->length};
    if (cursor->rank != rank || compare(&key, &set->list[rank]) != 0)
        fail("a cursor", rank);
}

static void compare_order(const struct perfpy_trie *trie, const struct set *set)
{
    struct perfpy_trie_cursor cursor = {0};
    for (int i = 0; i < 50 && set->count; i++) {
        size_t rank = i ? below(set->count) : 0;
        if (TRIE.seek(trie, &cursor, rank) != PERFPY_TRIE_OK)
            fail("seek()", rank);
        compare_cursor(&cursor, set, rank);
        for (size_t steps = i ? below(100) : set->count; steps > 0 && rank < set->count; steps--) {
            if (TRIE.next(trie, &cursor) != PERFPY_TRIE_OK)
                fail("next()", rank);
            if (++rank < set->count)
                compare_cursor(&cursor, set, rank);
            else if (cursor.rank != set->count)
                fail("the end", rank);
        }
    }
    TRIE.close(&cursor);
}

static void compare_all(const struct perfpy_trie *trie, const struct set *set, int kind)
{
    int64_t *ranks = malloc((set->count + 1) * sizeof *ranks);
    if (trie->count != set->count || !TRIE.check(trie))
        fail("a sound trie", trie->count);
    TRIE.find_many(trie, &set->keys, ranks);
    for (size_t i = 0; i < set->count; i++)
        if (ranks[i] != (int64_t)i || TRIE.lower_bound(trie, set->list[i].bytes, set->list[i].length) != i)
            fail("the rank of a key", i);
    free(ranks);
    compare_probes(trie, set, kind, 200);
    compare_order(trie, set);
}

/* Reads whatever there is; that it ends, and reads nothing outside, is all that is asked. */
static void read_damaged(const unsigned char *data, size_t size, const struct set *set, int kind)
{
    struct perfpy_trie trie;
    struct perfpy_trie_cursor cursor = {0};
    unsigned char bytes[3001];
    uint64_t ranks[ROOM], lengths[ROOM];
    int64_t found[20];
    if (!TRIE.open(&trie, data, size))
        return;
    TRIE.check(&trie);
    for (int i = 0; i < 20; i++) {
        const struct key probe = probe_near(set, bytes, sizeof bytes, kind);
        /* Of its own size, so that a read behind it is found. */
        unsigned char *exact = malloc(probe.length ? probe.length : 1);
        memcpy(exact, bytes, probe.length);
        TRIE.find(&trie, exact, probe.length);
        TRIE.lower_bound(&trie, exact, probe.length);
        TRIE.prefixes(&trie, exact, probe.length, ranks, lengths, ROOM);
        free(exact);
    }
    const struct perfpy_trie_keys some = {set->keys.bytes, set->keys.offsets, set->count < 20 ? set->count : 20};
    TRIE.find_many(&trie, &some, found);
    for (int i = 0; i < 5 && trie.count; i++) {
        if (TRIE.seek(&trie, &cursor, below(trie.count)) != PERFPY_TRIE_OK)
            continue;
        for (int steps = 0; steps < 100 && cursor.rank < trie.count; steps++)
            if (TRIE.next(&trie, &cursor) != PERFPY_TRIE_OK)
                break;
    }
    TRIE.close(&cursor);
}

static void damage(const struct perfpy_trie_payload *payload, const struct set *set, int kind, int times)
{
    for (int i = 0; i < times; i++) {
        const size_t size = below(8) ? payload->size : below(payload->size + 1);
        unsigned char *copy = malloc(size ? size : 1);
        memcpy(copy, payload->data, size);
        /* Half of it in what comes first, where the tables are. */
        const size_t reach = below(2) && size > 400 ? 400 : size;
        for (uint64_t changes = below(6); changes > 0 && size; changes--)
            copy[below(reach)] = (unsigned char)(below(3) ? random_bits() : below(2) * 255);
        read_damaged(copy, size, set, kind);
        free(copy);
    }
}

static unsigned char *copy_of(const struct perfpy_trie_payload *payload)
{
    unsigned char *copy = malloc(payload->size);
    memcpy(copy, payload->data, payload->size);
    return copy;
}

/* Makes links of the index lead to every place among its records, and looks keys up. */
static void damage_links(int kind)
{
    struct set set = {0};
    struct perfpy_trie_payload payload;
    struct perfpy_trie trie;
    fill_random(&set, 2000, kind);
    if (TRIE.build(&set.keys, NULL, &payload) != PERFPY_TRIE_OK || !TRIE.open(&trie, payload.data, payload.size))
        fail("build()", set.count);
    const struct compact compact = compact_of(&trie);
    const size_t links = (size_t)(compact.links - payload.data), records = (size_t)(compact.pool - compact.records);
    for (uint32_t entry = 0; entry < compact.entries && entry < 5; entry++)
        for (size_t place = 0; place < records && place < 80; place++) {
            unsigned char *copy = copy_of(&payload);
            copy[links + 4 * entry] = (unsigned char)place;
            copy[links + 4 * entry + 3] |= 0x80;
            if (TRIE.open(&trie, copy, payload.size))
                for (size_t i = 0; i < set.count && i < 100; i++)
                    TRIE.find(&trie, set.list[i].bytes, set.list[i].length);
            free(copy);
        }
    free(payload.data);
    free_set(&set);
}

static void test_set(struct set *set, int kind, int damages)
{
    struct perfpy_trie_payload payload;
    struct perfpy_trie trie;
    if (TRIE.build(&set->keys, NULL, &payload) != PERFPY_TRIE_OK)
        fail("build()", set->count);
    unsigned char *exact = malloc(payload.size);
    memcpy(exact, payload.data, payload.size);
    if (!TRIE.open(&trie, exact, payload.size))
        fail("open()", set->count);
    compare_all(&trie, set, kind);
    damage(&payload, set, kind, damages);
    free(payload.data);
    free(exact);
    free_set(set);
}

/* Sets with a shape of their own. */

static void test_shapes(void)
{
    struct set set = {0};
    static unsigned char bytes[1 << 20];
    finish(&set);
    test_set(&set, 0, 300);
    add(&set, bytes, 0);
    finish(&set);
    test_set(&set, 0, 300);
    for (int byte = 0; byte < 256; byte++)
        add(&set, (const unsigned char[]){(unsigned char)byte}, 1);
    finish(&set);
    test_set(&set, 1, 100);
    for (size_t length = 0; length < 3000; length++)
        add(&set, memset(bytes, 'a', length), length);
    finish(&set);
    test_set(&set, 0, 100);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)random_bits();
    for (size_t length = 0; length < 3000; length++)
        add(&set, bytes, length);
    finish(&set);
    test_set(&set, 0, 100);
    for (int i = 0; i < 6; i++) {
        add(&set, bytes, sizeof bytes - (size_t)i);
        bytes[below(sizeof bytes)] ^= 1;
    }
    add(&set, bytes, 3);
    finish(&set);
    test_set(&set, 0, 10);
    for (int i = 0; i < 40000; i++)
        add(&set, bytes, (size_t)sprintf((char *)bytes, "%d", i * 7));
    finish(&set);
    test_set(&set, 2, 10);
    /* So many pairs that the table of the grammar grows. */
    for (int i = 0; i < 60000; i++) {
        const uint64_t bits = random_bits();
        for (int j = 0; j < 8; j++)
            bytes[j] = (unsigned char)('a' + (bits >> 8 * j & 255) % 60);
        add(&set, bytes, 3 + below(6));
    }
    finish(&set);
    test_set(&set, 2, 10);
}

/* Every allocation fails once, and then the build is stopped at every poll. */
static void test_failures(void)
{
    struct set set = {0};
    struct perfpy_trie_payload payload;
    fill_random(&set, 3000, 2);
    enum perfpy_trie_status status = PERFPY_TRIE_MEMORY;
    for (long allowed = 0; status != PERFPY_TRIE_OK; allowed++) {
        allocations_left = allowed;
        status = TRIE.build(&set.keys, NULL, &payload);
        if (status != PERFPY_TRIE_OK && status != PERFPY_TRIE_MEMORY)
            fail("a build without memory", (uint64_t)allowed);
    }
    struct perfpy_trie trie;
    struct perfpy_trie_cursor cursor = {0};
    if (!TRIE.open(&trie, payload.data, payload.size))
        fail("open()", 0);
    status = PERFPY_TRIE_MEMORY;
    for (long allowed = 0; status != PERFPY_TRIE_OK; allowed++) {
        allocations_left = allowed;
        status = TRIE.seek(&trie, &cursor, set.count / 2);
    }
    allocations_left = -1;
    compare_cursor(&cursor, &set, set.count / 2);
    TRIE.close(&cursor);
    free(payload.data);
    status = PERFPY_TRIE_INTERRUPTED;
    for (long allowed = 1; status != PERFPY_TRIE_OK; allowed++) {
        polls_left = allowed;
        status = TRIE.build(&set.keys, &interrupt, &payload);
        if (status != PERFPY_TRIE_OK && status != PERFPY_TRIE_INTERRUPTED)
            fail("a build that is stopped", (uint64_t)allowed);
    }
    free(payload.data);
    free_set(&set);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    random_state = strtoull(argv[3], NULL, 10);
    test_shapes();
    test_failures();
    for (int kind = 0; kind < 5; kind++)
        damage_links(kind);
    for (int i = 0; i < atoi(argv[2]); i++) {
        struct set set = {0};
        const int kind = i % 6;
        fill_random(&set, below(10) ? below(300) : below(5000), kind);
        test_set(&set, kind, 30);
    }
    return 0;
}
