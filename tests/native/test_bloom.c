/* Compares the layouts of Bloom filters with arrays in which each key's bits or counters are found one by one.
 *
 * Usage: test_bloom ISA CASES SEED. Built by test_native.py once per instruction set. The operations are there twice:
 * with sanitizers as perfpy_bloom_baseline, and optimised as users have them as perfpy_bloom_avx512. Exit status 77: this
 * machine cannot run them.
 */
#include "sketch_cases.h"

#include "layouts.h"

enum { MOST_BYTES = 1 << 16, FAR_BYTES = 5 << 18 /* beyond what a nearer cache holds */, MOST_PROBES = 64 };

static bloom_operations_of *const builds[] = {perfpy_bloom_baseline, perfpy_bloom_avx512};
static const char *const names[] = {"blocked", "classic", "counting"};
static struct room memory, batch, answers;

/* What a filter holds: a byte for each bit or counter. */
struct model {
    enum bloom_layout layout;
    uint64_t size, places;
    int probes;
    uint8_t *counts;
};

/* The words of a block of which a key has bits: random ones, of which each set is turned around all words. */
static bool is_in_subset(int probes, uint32_t which, int word)
{
    uint64_t random = 0;
    bool chosen[16] = {false};
    for (uint32_t base = 0; base <= which / 16; base++) {
        memset(chosen, 0, sizeof chosen);
        for (int left = probes; left > 0;) {
            const uint64_t next = mix_by_definition(random += UINT64_C(0x9E3779B97F4A7C15)) >> 60;
            left -= !chosen[next];
            chosen[next] = true;
        }
    }
    return chosen[(word - (int)(which % 16) + 16) % 16];
}

/* One for each word of a block, and one for the subset. */
static uint32_t salts[17];

static void make_salts(void)
{
    for (uint64_t i = 0; i < 17; i++)
        salts[i] = (uint32_t)(mix_by_definition((i + 1) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) | 1;
}

/* Where a key is in the model; there are as many places as probes. */
static void find_places(const struct model *model, const uint16_t *subsets, uint64_t hash, uint64_t *places)
{
    if (model->layout == BLOOM_CLASSIC) {
        const uint64_t step = (hash << 32 | hash >> 32) * UINT64_C(0xD1342543DE82EF95) | 1;
        for (int probe = 0; probe < model->probes; probe++)
            places[probe] = (uint64_t)((uint128)(uint64_t)(hash + (uint64_t)probe * step) * model->size >> 64);
        return;
    }
    const uint64_t block = (uint64_t)((uint128)hash * model->size >> 64);
    const uint32_t low = (uint32_t)hash, which = low * salts[16] >> 22;
    int probe = 0;
    for (int word = 0; word < 16; word++)
        if (subsets[which] >> word & 1)
            places[probe++] = (block * 16 + (uint64_t)word) * 32 + (low * salts[word] >> 27);
    if (probe != model->probes)
        fail("the number of words of a subset", which);
}

static void add_to(const struct model *model, const uint64_t *places)
{
    const uint8_t most = model->layout == BLOOM_COUNTING ? 15 : 1;
    for (int probe = 0; probe < model->probes; probe++)
        if (model->counts[places[probe]] < most)
            model->counts[places[probe]]++;
}

static void remove_from(const struct model *model, const uint64_t *places)
{
    for (int probe = 0; probe < model->probes; probe++)
        if (model->counts[places[probe]] < 15)
            model->counts[places[probe]]--;
}

static bool is_in(const struct model *model, const uint64_t *places)
{
    for (int probe = 0; probe < model->probes; probe++)
        if (!model->counts[places[probe]])
            return false;
    return true;
}

static void compare(const struct model *model, const struct bloom_bits *bits, const char *when)
{
    const int width = model->layout == BLOOM_COUNTING ? 4 : 1;
    for (uint64_t place = 0; place < model->places; place++)
        if ((bits->words[place * (unsigned)width / 32] >> place * (unsigned)width % 32 & ((1u << width) - 1)) !=
            model->counts[place]) {
            printf("%s filter of %llu, %d probes, %s\n", names[model->layout], (unsigned long long)model->size,
                   model->probes, when);
            fail("a bit", place);
        }
}

/* Adds a batch, by one call or key by key; asks for that and for others; and takes some out again. */
static void test_batch(const struct model *model, const struct bloom_bits *bits, const struct bloom_operations *operations)
{
    const size_t count = some(MOST);
    uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes), places[MOST_PROBES];
    fill_hashes(hashes, count, (int)below(HASH_KINDS));
    const bool at_once = below(2);
    if (at_once)
        operations->add(bits, hashes, (ptrdiff_t)count);
    for (size_t i = 0; i < count; i++) {
        if (!at_once)
            operations->add_one(bits, hashes[i]);
        find_places(model, bits->subsets, hashes[i], places);
        add_to(model, places);
    }
    compare(model, bits, at_once ? "after a batch" : "after each of a batch");
    for (size_t i = 0; i < count; i++)
        hashes[i] = below(2) ? hashes[i] : random_hash(HASH_KINDS, 0);
    bool *found = place(&answers, count, 1);
    operations->test(bits, hashes, (ptrdiff_t)count, found);
    for (size_t i = 0; i < count; i++) {
        find_places(model, bits->subsets, hashes[i], places);
        if (found[i] != is_in(model, places) || operations->test_one(bits, hashes[i]) != found[i])
            fail("whether a key is there", i);
        if (found[i] && operations->remove_one && below(2)) {
            operations->remove_one(bits, hashes[i]);
            remove_from(model, places);
            for (size_t later = i + 1; later < count; later++) /* which may be gone by that */
                found[later] = operations->test_one(bits, hashes[later]);
        }
    }
    compare(model, bits, "at the end");
}

static uint64_t bytes_by_definition(enum bloom_layout layout, uint64_t size)
{
    return layout == BLOOM_BLOCKED ? size * 64 : layout == BLOOM_COUNTING ? size * 256 : (size + 63) / 64 * 8;
}

static void test_filter(enum bloom_layout layout, uint64_t size, size_t build, int batches)
{
    const int most = layout == BLOOM_CLASSIC ? MOST_PROBES : BLOOM_WORDS;
    struct model model = {.layout = layout, .size = size, .probes = 1 + (int)below((uint64_t)most)};
    model.places = layout == BLOOM_CLASSIC ? size : size * BLOOM_BLOCK_BITS;
    const uint64_t bytes = bytes_by_definition(layout, size);
    if (perfpy_bloom_bytes((int)layout, size, model.probes) != bytes)
        fail("the bytes of a filter", size);
    uint16_t subsets[BLOOM_SUBSETS];
    perfpy_bloom_subsets(model.probes < BLOOM_WORDS ? model.probes : BLOOM_WORDS, subsets);
    const struct bloom_bits bits = {place(&memory, bytes, 64), size, model.probes, subsets};
    const struct bloom_operations operations = builds[build](layout);
    memset(bits.words, 0, bytes);
    model.counts = calloc(model.places, 1);
    if ((operations.remove_one != NULL) != (layout == BLOOM_COUNTING))
        fail("whether keys can be taken out", (uint64_t)layout);
    for (int i = 0; i < batches; i++)
        test_batch(&model, &bits, &operations);
    free(model.counts);
}

static void test_subsets(void)
{
    uint16_t subsets[BLOOM_SUBSETS];
    for (int probes = 1; probes <= BLOOM_WORDS; probes++) {
        perfpy_bloom_subsets(probes, subsets);
        for (uint32_t which = 0; which < BLOOM_SUBSETS; which += 1 + (uint32_t)below(200))
            for (int word = 0; word < BLOOM_WORDS; word++)
                if ((subsets[which] >> word & 1) != is_in_subset(probes, which, word))
                    fail("a subset", which);
    }
}

static void test_senseless_geometries(void)
{
    for (int layout = 0; layout < 3; layout++) {
        const int most = layout == BLOOM_CLASSIC ? 64 : 16;
        const uint64_t largest = UINT64_C(1) << (layout == BLOOM_COUNTING ? 55 : 57);
        bool beyond = false; /* sizes whose bytes would be a small number modulo 2**64 */
        for (int bit = 55; bit < 64; bit++)
            beyond |= (UINT64_C(1) << bit) >= largest && perfpy_bloom_bytes(layout, (UINT64_C(1) << bit) + 1, 1);
        if (beyond || perfpy_bloom_bytes(layout, 0, 1) || perfpy_bloom_bytes(layout, UINT64_MAX, 1) ||
            perfpy_bloom_bytes(layout, largest + 1, 1) || perfpy_bloom_bytes(layout, 1, 0) ||
            perfpy_bloom_bytes(layout, 1, -1) || perfpy_bloom_bytes(layout, 1, most + 1) ||
            perfpy_bloom_bytes(layout, largest, most) != bytes_by_definition((enum bloom_layout)layout, largest))
            fail("a geometry", (uint64_t)layout);
    }
    if (perfpy_bloom_bytes(3, 1, 1) || perfpy_bloom_bytes(-1, 1, 1))
        fail("a layout", 3);
}

int main(int argc, char **argv)
{
    const int cases = begin(argc, argv);
    memory = open_room(2 * FAR_BYTES);
    batch = open_room(MOST * sizeof(uint64_t));
    answers = open_room(MOST);
    make_salts();
    test_subsets();
    test_senseless_geometries();
    for (int i = 0; i < cases; i++) {
        const enum bloom_layout layout = (enum bloom_layout)below(3);
        const uint64_t unit = layout == BLOOM_CLASSIC ? 1 : layout == BLOOM_COUNTING ? 2048 : 512;
        test_filter(layout, 1 + some(MOST_BYTES / unit), below(2), 3);
    }
    for (size_t build = 0; build < 2; build++) {
        test_filter(BLOOM_BLOCKED, FAR_BYTES / 64, build, 1);
        test_filter(BLOOM_CLASSIC, FAR_BYTES * 8 - 1, build, 1);
    }
    return 0;
}
