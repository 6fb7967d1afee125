/* Compares a layout of tries, TRIE, with sorted arrays, and reads damaged ones. The sanitizers find every read outside
 * the payload, as that is exactly as large as its block of memory. READERS are what else reads sound tries: functions
 * compiled as users have them, which compilers have made wrong code of where the sanitizers' were right.
 */
#ifndef TRIE_CASES_H
#define TRIE_CASES_H

#include "trie_sets.h"

#ifndef READERS
#define READERS &TRIE
#endif

static const struct perfpy_trie_layout *const readers[] = {READERS};
static const struct perfpy_trie_layout *reader = &TRIE;

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
    const bool ranked = below(2);
    const size_t found = reader->prefixes(trie, text->bytes, text->length, ranked ? ranks : NULL, lengths, room);
    size_t count = 0;
    for (size_t length = 0; length <= text->length; length++) {
        const struct key prefix = {text->bytes, length};
        const size_t rank = lower_bound(set, &prefix);
        if (!holds(set, rank, &prefix))
            continue;
        if (count < room && count < found && ((ranked && ranks[count] != rank) || lengths[count] != length))
            fail("a prefix", rank);
        count++;
    }
    if (count != found)
        fail("the number of prefixes", found);
}

static bool begins_with(const struct key *key, const struct key *prefix)
{
    return key->length >= prefix->length && memcmp(key->bytes, prefix->bytes, prefix->length) == 0;
}

static void compare_cursor(const struct perfpy_trie_cursor *cursor, const struct set *set, size_t rank)
{
    const struct key key = {cursor->key, cursor->length};
    if (cursor->rank != rank || compare(&key, &set->list[rank]) != 0)
        fail("a cursor", rank);
}

/* The keys that begin with a prefix, one after the other with a cursor that has been elsewhere. */
static void compare_span(const struct perfpy_trie *trie, const struct set *set, const struct key *prefix,
                         struct perfpy_trie_cursor *cursor)
{
    struct perfpy_trie_span span;
    /* Of its own size, so that a read behind it is found. */
    unsigned char *exact = malloc(prefix->length ? prefix->length : 1);
    memcpy(exact, prefix->bytes, prefix->length);
    const size_t start = lower_bound(set, prefix);
    size_t stop = start;
    while (stop < set->count && begins_with(&set->list[stop], prefix))
        stop++;
    if (TRIE.span(trie, exact, prefix->length, &span) != PERFPY_TRIE_OK || span.start != start || span.stop != stop)
        fail("a span", start);
    for (size_t rank = start; rank < stop && rank < start + 200; rank++) {
        const bool first = rank == start;
        if ((first ? TRIE.seek_span(trie, cursor, exact, prefix->length, &span) : TRIE.next(trie, cursor)) !=
            PERFPY_TRIE_OK)
            fail("a key of a span", rank);
        compare_cursor(cursor, set, rank);
    }
    free(exact);
}

static void compare_spans(const struct perfpy_trie *trie, const struct set *set, int kind, int probes)
{
    struct perfpy_trie_cursor cursor = {0};
    unsigned char bytes[3001];
    for (int i = 0; i < probes; i++) {
        struct key probe = probe_near(set, bytes, sizeof bytes, kind);
        compare_span(trie, set, &probe, &cursor);
        probe.length = below(4) < probe.length ? below(probe.length < 4 ? probe.length : 4) : probe.length;
        compare_span(trie, set, &probe, &cursor);
    }
    memset(bytes, 0xFF, 3);
    for (size_t length = 0; length <= 3; length++)
        compare_span(trie, set, &(struct key){bytes, length}, &cursor);
    TRIE.close(&cursor);
}

static void compare_probes(const struct perfpy_trie *trie, const struct set *set, int kind, int probes)
{
    unsigned char bytes[3001];
    for (int i = 0; i < probes; i++) {
        const struct key probe = probe_near(set, bytes, sizeof bytes, kind);
        const size_t rank = lower_bound(set, &probe);
        if (reader->lower_bound(trie, probe.bytes, probe.length) != rank)
            fail("a lower bound", rank);
        if (reader->find(trie, probe.bytes, probe.length) != (holds(set, rank, &probe) ? (int64_t)rank : -1))
            fail("find()", rank);
        compare_prefixes(trie, set, &probe);
    }
}

static void compare_order(const struct perfpy_trie *trie, const struct set *set)
{
    struct perfpy_trie_cursor cursor = {0};
    for (int i = 0; i < 50 && set->count; i++) {
        size_t rank = i ? below(set->count) : 0;
        if (reader->seek(trie, &cursor, rank) != PERFPY_TRIE_OK)
            fail("seek()", rank);
        compare_cursor(&cursor, set, rank);
        for (size_t steps = i ? below(100) : set->count; steps > 0 && rank < set->count; steps--) {
            if (reader->next(trie, &cursor) != PERFPY_TRIE_OK)
                fail("next()", rank);
            if (++rank < set->count)
                compare_cursor(&cursor, set, rank);
            else if (cursor.rank != set->count)
                fail("the end", rank);
        }
    }
    reader->close(&cursor);
}

static void compare_all(const struct perfpy_trie *trie, const struct set *set, int kind)
{
    int64_t *ranks = malloc((set->count + 1) * sizeof *ranks);
    if (trie->count != set->count || !reader->check(trie))
        fail("a sound trie", trie->count);
    reader->find_many(trie, &set->keys, ranks);
    for (size_t i = 0; i < set->count; i++)
        if (ranks[i] != (int64_t)i || reader->lower_bound(trie, set->list[i].bytes, set->list[i].length) != i)
            fail("the rank of a key", i);
    free(ranks);
    compare_probes(trie, set, kind, 200);
    compare_spans(trie, set, kind, 100);
    compare_order(trie, set);
}

static void read_damaged_span(const struct perfpy_trie *trie, const unsigned char *prefix, size_t length,
                              struct perfpy_trie_cursor *cursor)
{
    struct perfpy_trie_span span;
    if (TRIE.span(trie, prefix, length, &span) != PERFPY_TRIE_OK || span.start == span.stop)
        return;
    if (span.start > span.stop || span.stop > trie->count)
        fail("a span of a damaged trie", span.start);
    if (TRIE.seek_span(trie, cursor, prefix, length, &span) != PERFPY_TRIE_OK)
        return;
    for (int steps = 0; steps < 20 && cursor->rank < span.stop; steps++)
        if (TRIE.next(trie, cursor) != PERFPY_TRIE_OK)
            return;
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
        read_damaged_span(&trie, exact, probe.length, &cursor);
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

static void test_set(struct set *set, int kind, int damages)
{
    struct perfpy_trie_payload payload;
    struct perfpy_trie trie;
    if (TRIE.build(&set->keys, NULL, &payload) != PERFPY_TRIE_OK)
        fail("build()", set->count);
    unsigned char *exact = malloc(payload.size);
    memcpy(exact, payload.data, payload.size);
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        reader = readers[i];
        if (!reader->open(&trie, exact, payload.size))
            fail("open()", set->count);
        compare_all(&trie, set, kind);
    }
    reader = &TRIE;
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
    const struct key *prefix = &set.list[set.count / 2];
    struct perfpy_trie_span span;
    status = PERFPY_TRIE_MEMORY;
    for (long allowed = 0; status != PERFPY_TRIE_OK; allowed++) {
        allocations_left = allowed;
        status = TRIE.span(&trie, prefix->bytes, prefix->length, &span);
        if (status == PERFPY_TRIE_OK)
            status = TRIE.seek_span(&trie, &cursor, prefix->bytes, prefix->length, &span);
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

/* What every layout has to pass, and as many random sets. */
static void test_layout(int sets)
{
    test_shapes();
    test_failures();
    for (int i = 0; i < sets; i++) {
        struct set set = {0};
        const int kind = i % 6;
        fill_random(&set, below(10) ? below(300) : below(5000), kind);
        test_set(&set, kind, 30);
    }
}

#endif
