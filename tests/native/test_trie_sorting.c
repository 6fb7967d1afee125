/* Compares keys that are collected, sorted and merged from files with sorted arrays; lets memory be short, interrupts
 * come, and files be full.
 *
 * Usage: test_trie_sorting ISA CASES SEED. Built by test_native.py, with sanitizers and small buffers.
 */
#define _POSIX_C_SOURCE 200809L

#include "growing.h"
#include "merge.h"

#include <unistd.h>

#include "trie_sets.h"

enum { RUNS_MOST = 9 };

static bool collect(struct perfpy_trie_growing *keys, const struct key *key)
{
    unsigned char *room = perfpy_trie_reserve(keys, key->length + below(3));
    if (!room)
        return false;
    if (key->length)
        memcpy(room, key->bytes, key->length);
    perfpy_trie_append(keys, key->length);
    return true;
}

/* All keys of a set in any order or in their own, some of them several times; each is tried until there is memory. */
static void collect_all(struct perfpy_trie_growing *keys, const struct set *set, bool in_order)
{
    for (size_t i = 0; i < set->count; i++)
        while (!collect(keys, &set->list[i]))
            allocations_left = -1;
    for (size_t i = 0; i < set->count; i++)
        if (!in_order || below(3) == 0)
            collect(keys, &set->list[in_order ? set->count - 1 : below(set->count)]);
}

static void compare_keys(struct perfpy_trie_keys found, const struct set *set, const char *what)
{
    if (found.count != set->count || found.offsets[0] != 0)
        fail(what, found.count);
    for (size_t i = 0; i < set->count; i++) {
        const uint64_t begin = found.offsets[i];
        const struct key key = {(unsigned char *)found.bytes + begin, found.offsets[i + 1] - begin};
        if (compare(&key, &set->list[i]) != 0)
            fail(what, i);
    }
}

/* Reverses the keys that come, so that they are not in order from the first on. */
static void reverse(struct set *set)
{
    for (size_t i = 0; i < set->count / 2; i++) {
        const struct key swapped = set->list[i];
        set->list[i] = set->list[set->count - 1 - i];
        set->list[set->count - 1 - i] = swapped;
    }
}

static void test_sorting(struct set *set)
{
    struct perfpy_trie_growing keys = {0};
    const bool backwards = below(2);
    allocations_left = (long)below(6);
    if (backwards)
        reverse(set);
    collect_all(&keys, set, !backwards && below(2));
    if (backwards)
        reverse(set);
    /* Without memory, or stopped, the keys are as they were: another call sorts them. */
    for (long allowed = 0; allowed < 3 && !keys.sorted; allowed++) {
        allocations_left = allowed;
        if (keys.count > 1 && perfpy_trie_sort(&keys, &interrupt) != PERFPY_TRIE_MEMORY)
            fail("sorting without memory", (uint64_t)allowed);
    }
    allocations_left = -1;
    enum perfpy_trie_status status = PERFPY_TRIE_INTERRUPTED;
    for (long allowed = 1; status != PERFPY_TRIE_OK; allowed = 2 * allowed + 1) {
        polls_left = allowed;
        status = perfpy_trie_sort(&keys, &interrupt);
        if (status != PERFPY_TRIE_OK && status != PERFPY_TRIE_INTERRUPTED)
            fail("sorting that is stopped", (uint64_t)allowed);
    }
    polls_left = -1;
    compare_keys(perfpy_trie_view(&keys), set, "a sorted key");
    perfpy_trie_free(&keys);
    compare_keys(perfpy_trie_view(&keys), &(struct set){0}, "no keys");
}

/* What was written to two files. */
static struct perfpy_trie_keys read_back(FILE *offsets, FILE *bytes, unsigned char **content, uint64_t **places)
{
    const size_t count = (size_t)lseek(fileno(offsets), 0, SEEK_END) / sizeof **places;
    const size_t size = (size_t)lseek(fileno(bytes), 0, SEEK_END);
    *places = malloc(count * sizeof **places + 1);
    *content = malloc(size + 1);
    if (pread(fileno(offsets), *places, count * sizeof **places, 0) != (ssize_t)(count * sizeof **places) ||
        pread(fileno(bytes), *content, size, 0) != (ssize_t)size || count == 0 || (*places)[count - 1] != size)
        fail("the sizes of files", size);
    return (struct perfpy_trie_keys){*content, *places, count - 1};
}

static void compare_files(FILE *offsets, FILE *bytes, const struct set *set)
{
    unsigned char *content;
    uint64_t *places;
    compare_keys(read_back(offsets, bytes, &content, &places), set, "a merged key");
    free(content);
    free(places);
}

/* Deals the keys out to runs, some to several. */
static size_t deal(const struct set *set, struct set *parts, struct perfpy_trie_keys *runs)
{
    const size_t count = below(RUNS_MOST);
    for (size_t i = 0; i < set->count && count; i++)
        for (uint64_t times = 1 + below(3); times > 0; times--)
            add(&parts[below(count)], set->list[i].bytes, set->list[i].length);
    for (size_t i = 0; i < count; i++) {
        finish(&parts[i]);
        runs[i] = parts[i].keys;
    }
    return count;
}

static void test_merging(const struct set *set)
{
    struct set parts[RUNS_MOST] = {0};
    struct perfpy_trie_keys runs[RUNS_MOST];
    const size_t count = deal(set, parts, runs);
    FILE *offsets = tmpfile(), *bytes = tmpfile(), *full = fopen("/dev/full", "wb");
    const struct perfpy_trie_files files = {fileno(offsets), fileno(bytes)};
    for (long allowed = 0; allowed < 3; allowed++) {
        allocations_left = allowed;
        if (perfpy_trie_merge(runs, count, files, &interrupt) != PERFPY_TRIE_WRITE_MEMORY)
            fail("merging without memory", (uint64_t)allowed);
    }
    allocations_left = -1;
    if (full && set->count && count) {
        const struct perfpy_trie_files nowhere = {fileno(offsets), fileno(full)};
        const uint64_t size = set->keys.offsets[set->count];
        if (size && perfpy_trie_merge(runs, count, nowhere, &interrupt) != PERFPY_TRIE_WRITE_FAILED)
            fail("merging into a full file", size);
        polls_left = 1;
        if (perfpy_trie_merge(runs, count, files, &interrupt) != PERFPY_TRIE_WRITE_INTERRUPTED)
            fail("merging that is stopped", set->count);
        polls_left = -1;
    }
    const bool begun_anew = ftruncate(files.offsets, 0) == 0 && ftruncate(files.bytes, 0) == 0 &&
                            lseek(files.offsets, 0, SEEK_SET) == 0 && lseek(files.bytes, 0, SEEK_SET) == 0;
    if (!begun_anew || perfpy_trie_merge(runs, count, files, &interrupt) != PERFPY_TRIE_WRITTEN)
        fail("merging", count);
    compare_files(offsets, bytes, count ? set : &(struct set){0});
    fclose(offsets);
    fclose(bytes);
    if (full)
        fclose(full);
    for (size_t i = 0; i < count; i++)
        free_set(&parts[i]);
}

static void test_writing(const struct set *set)
{
    FILE *offsets = tmpfile(), *bytes = tmpfile();
    const struct perfpy_trie_files files = {fileno(offsets), fileno(bytes)};
    if (perfpy_trie_write(&set->keys, files, &interrupt) != PERFPY_TRIE_WRITTEN)
        fail("writing", set->count);
    compare_files(offsets, bytes, set);
    fclose(offsets);
    fclose(bytes);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    random_state = strtoull(argv[3], NULL, 10);
    for (int i = 0; i < atoi(argv[2]); i++) {
        struct set set = {0};
        fill_random(&set, below(8) ? below(300) : below(6000), i % 6);
        test_sorting(&set);
        test_merging(&set);
        test_writing(&set);
        free_set(&set);
    }
    return 0;
}
