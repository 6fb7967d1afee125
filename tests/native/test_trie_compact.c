/* Compares the compact layout of tries with sorted arrays, and reads damaged ones.
 *
 * Usage: test_trie_compact ISA CASES SEED. Built by test_native.py, with sanitizers and with limits that small sets reach.
 */
#include "compact.h"

#define TRIE perfpy_trie_compact
#include "trie_cases.h"

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
    const struct compact *compact = compact_of(&trie);
    const size_t links = (size_t)(compact->links - payload.data), records = (size_t)(compact->pool - compact->records);
    for (uint32_t entry = 0; entry < compact->entries && entry < 5; entry++)
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

/* Changes bits of the entries of groups and blocks, and reads whatever there is. */
static void damage_entries(int kind)
{
    struct set set = {0};
    struct perfpy_trie_payload payload;
    struct perfpy_trie trie;
    fill_random(&set, 2000, kind);
    if (TRIE.build(&set.keys, NULL, &payload) != PERFPY_TRIE_OK || !TRIE.open(&trie, payload.data, payload.size))
        fail("build()", set.count);
    const struct compact *compact = compact_of(&trie);
    const size_t first = (size_t)(compact->group_list - payload.data);
    const size_t after = (size_t)(compact->start_parents - payload.data);
    for (int i = 0; i < 200; i++) {
        unsigned char *copy = copy_of(&payload);
        copy[first + below(after - first)] ^= (unsigned char)(1 << below(8));
        if (below(2))
            copy[first + below(after - first)] = 255;
        read_damaged(copy, payload.size, &set, kind);
        free(copy);
    }
    free(payload.data);
    free_set(&set);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    random_state = strtoull(argv[3], NULL, 10);
    for (int kind = 0; kind < 5; kind++) {
        damage_links(kind);
        damage_entries(kind);
    }
    test_layout(atoi(argv[2]));
    return 0;
}
