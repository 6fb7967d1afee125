/* Compares the registers of HyperLogLog and of ExaLogLog, and the sets of hashes before them, with models that keep
 * whatever was put there.
 *
 * Usage: test_cardinality ISA CASES SEED. Built by test_native.py once per instruction set. The operations are there
 * twice: with sanitizers as ..._baseline, and optimised as users have them as ..._avx512. Exit status 77: this machine
 * cannot run them.
 */
#include "sketch_cases.h"

#include "distinct.h"
#include "exaloglog.h"

enum { HIGHEST_PRECISION = 10, LEVELS = 65, VALUES = 256 };

static struct room content, other, batch;

/* Which values, or ranks, were put into each register. */
struct model {
    bool exa;
    int precision;
    bool (*seen)[VALUES];
};

static struct model empty_model(bool exa, int precision)
{
    struct model made = {exa, precision, calloc((size_t)1 << precision, sizeof *made.seen)};
    for (size_t i = 0; i < (size_t)1 << precision; i++)
        made.seen[i][0] = true;
    return made;
}

static void put(const struct model *model, uint64_t hash)
{
    const int precision = model->precision;
    if (model->exa) {
        const int zeros = zeros_by_definition(hash >> (precision + 2), 62 - precision);
        model->seen[hash >> 2 & (((uint64_t)1 << precision) - 1)][4 * zeros + (int)(hash & 3) + 1] = true;
    } else {
        const int rank = zeros_by_definition(hash, 64 - precision) + 1;
        model->seen[hash >> (64 - precision)][rank] = true;
    }
}

static int highest_of(const struct model *model, size_t index)
{
    int highest = VALUES - 1;
    while (!model->seen[index][highest])
        highest--;
    return highest;
}

/* What a register of ExaLogLog keeps: its highest value, and which of the 20 below it were; 0 always was. */
static uint32_t register_of(const struct model *model, size_t index)
{
    const int highest = highest_of(model, index);
    uint32_t window = 0;
    for (int back = 1; back <= 20; back++)
        window = window << 1 | (back <= highest && model->seen[index][highest - back]);
    return (uint32_t)highest << 20 | window;
}

/* The bytes of registers: 28 bits each, the lowest first, or one byte. */
static void write_content(const struct model *model, uint8_t *bytes)
{
    const size_t size = (size_t)1 << model->precision;
    if (!model->exa)
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)highest_of(model, i);
    else
        for (size_t i = 0; i < size; i += 2) {
            const uint64_t pair = register_of(model, i) | (uint64_t)register_of(model, i + 1) << 28;
            for (int byte = 0; byte < 7; byte++)
                bytes[7 * i / 2 + (size_t)byte] = (uint8_t)(pair >> 8 * byte);
        }
}

static size_t bytes_of(const struct model *model)
{
    return model->exa ? ((size_t)7 << model->precision) / 2 : (size_t)1 << model->precision;
}

static void compare(const struct model *model, const uint8_t *bytes, const char *when)
{
    static uint8_t expected[4 << HIGHEST_PRECISION];
    write_content(model, expected);
    for (size_t i = 0; i < bytes_of(model); i++)
        if (bytes[i] != expected[i]) {
            printf("%s of precision %d, %s\n", model->exa ? "ExaLogLog" : "HyperLogLog", model->precision, when);
            fail("a byte of the registers", i);
        }
}

/* The sums of ExaLogLog's estimate, value by value, in multiples of the smallest probability. */
static void check_evidence(const struct model *model, const uint8_t *bytes)
{
    const int precision = model->precision, last = 4 * (63 - precision);
    uint64_t occurred[EXALOGLOG_LEVELS] = {0}, expected[LEVELS] = {0}, absent = 0;
    bool any = false;
    for (size_t i = 0; i < (size_t)1 << precision; i++) {
        const int highest = highest_of(model, i);
        any |= highest > 0;
        for (int value = 1; value <= last; value++) {
            const int tier = (value - 1) / 4, level = tier + 3 < 64 - precision ? tier + 3 : 64 - precision;
            if (value > highest || (value >= highest - 20 && !model->seen[i][value]))
                absent += (uint64_t)1 << (64 - precision - level);
            else if (value >= highest - 20)
                expected[level]++;
        }
    }
    if (!any)
        return;
    if (perfpy_exaloglog_evidence(bytes, precision, occurred) != absent)
        fail("the probability of what is absent", absent);
    for (int level = 0; level < EXALOGLOG_LEVELS; level++)
        if (occurred[level] != expected[level])
            fail("the number of values of a level", (uint64_t)level);
}

static void fill_batch(const struct model *model, uint64_t *hashes, size_t count)
{
    fill_hashes(hashes, count, (int)below(HASH_KINDS));
    for (size_t i = 0; i < count; i++)
        put(model, hashes[i]);
}

static void test_registers(const struct registers_operations *operations, bool exa)
{
    const struct model model = empty_model(exa, LEAST_PRECISION + (int)below(HIGHEST_PRECISION - LEAST_PRECISION + 1));
    struct registers registers = {place(&content, bytes_of(&model), 1), model.precision, 0, 0};
    memset(registers.content, 0, bytes_of(&model));
    for (int i = 0; i < 6; i++) {
        const size_t count = i == 3 ? MOST : some(MOST);
        uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes);
        fill_batch(&model, hashes, count);
        operations->add(&registers, hashes, (ptrdiff_t)count);
        compare(&model, registers.content, "after a batch");
    }
    const struct model second = empty_model(exa, model.precision);
    const size_t count = some(MOST);
    uint64_t *hashes = malloc(count * sizeof *hashes + 1);
    fill_batch(&second, hashes, count);
    uint8_t *bytes = place(&other, bytes_of(&second), 1);
    write_content(&second, bytes);
    operations->unite(&registers, bytes);
    for (size_t i = 0; i < count; i++)
        put(&model, hashes[i]);
    compare(&model, registers.content, "after those of others");
    if (exa)
        check_evidence(&model, registers.content);
    free(hashes);
    free(second.seen);
    free(model.seen);
}

static int ascending(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* All hashes that were taken in, each once. */
struct taken {
    uint64_t list[6 * MOST];
    size_t count;
};

static void take(struct taken *taken, const uint64_t *hashes, size_t count)
{
    if (count)
        memcpy(taken->list + taken->count, hashes, count * sizeof *hashes);
    taken->count += count;
    qsort(taken->list, taken->count, sizeof *taken->list, ascending);
    size_t kept = 0;
    for (size_t i = 0; i < taken->count; i++)
        if (kept == 0 || taken->list[i] != taken->list[kept - 1])
            taken->list[kept++] = taken->list[i];
    taken->count = kept;
}

static void compare_set(const struct hash_set *set, const struct taken *taken)
{
    static uint64_t listed[6 * MOST];
    if (hash_set_count(set) != taken->count)
        fail("how many hashes there are", hash_set_count(set));
    perfpy_hash_set_list(set, listed);
    qsort(listed, taken->count, sizeof *listed, ascending);
    for (size_t i = 0; i < taken->count; i++)
        if (listed[i] != taken->list[i])
            fail("a hash of the set", i);
}

/* Hashes whose lowest bits are the same fall on the same slot. */
static void test_hash_set(void)
{
    static struct taken taken;
    struct hash_set set = {0};
    const int shift = (int)(below(2) * 40), kind = (int)below(HASH_KINDS);
    taken.count = 0;
    for (size_t i = 0, count = some(300); i < count; i++) {
        const uint64_t hash = random_hash(kind, i) << shift;
        allocations_left = below(3) ? -1 : 0;
        if (perfpy_hash_set_add(&set, hash) < 0) {
            if (allocations_left != 0)
                fail("a hash that was refused", hash);
            compare_set(&set, &taken); /* as it was */
            allocations_left = -1;
            if (perfpy_hash_set_add(&set, hash) < 0)
                fail("a hash when there is memory again", hash);
        }
        take(&taken, &hash, 1);
    }
    allocations_left = -1;
    compare_set(&set, &taken);
    perfpy_hash_set_clear(&set);
    compare_set(&set, &(struct taken){.count = 0});
}

/* Takes hashes in, with memory that is short at times: then the same hashes again bring nothing new. */
static void take_all(struct distinct *sketch, const uint64_t *hashes, size_t count)
{
    allocations_left = below(2) ? -1 : (long)below(4);
    while (perfpy_distinct_take(sketch, hashes, (ptrdiff_t)count) < 0) {
        if (allocations_left != 0)
            fail("hashes that were refused", count);
        allocations_left = below(2) ? -1 : (long)below(4);
    }
    allocations_left = -1;
}

static void test_distinct(const struct registers_operations *operations, bool exa)
{
    static struct taken taken;
    const struct model model = empty_model(exa, LEAST_PRECISION + (int)below(HIGHEST_PRECISION - LEAST_PRECISION + 1));
    struct distinct sketch = {.operations = operations};
    perfpy_distinct_reset(&sketch, model.precision);
    if (distinct_bytes(&sketch) != bytes_of(&model))
        fail("the bytes of registers", distinct_bytes(&sketch));
    taken.count = 0;
    for (int i = 0; i < 5; i++) {
        const size_t count = some(200);
        uint64_t *hashes = place(&batch, count * sizeof *hashes, sizeof *hashes);
        fill_batch(&model, hashes, count);
        take(&taken, hashes, count);
        take_all(&sketch, hashes, count);
        if ((sketch.registers.content != NULL) != (taken.count > bytes_of(&model) / 8))
            fail("when there are registers", taken.count);
        if (sketch.registers.content)
            compare(&model, sketch.registers.content, "made of a set");
        else
            compare_set(&sketch.hashes, &taken);
    }
    uint8_t *bytes = place(&other, bytes_of(&model), 1);
    const struct model second = empty_model(exa, model.precision);
    const uint64_t hash = random_bits();
    put(&second, hash);
    put(&model, hash);
    write_content(&second, bytes);
    allocations_left = (long)below(2);
    while (perfpy_distinct_unite(&sketch, bytes) < 0)
        allocations_left = -1;
    allocations_left = -1;
    compare(&model, sketch.registers.content, "united with others");
    perfpy_distinct_reset(&sketch, LEAST_PRECISION);
    if (sketch.registers.content || hash_set_count(&sketch.hashes))
        fail("what was reset", 0);
    free(model.seen);
    free(second.seen);
}

int main(int argc, char **argv)
{
    const int cases = begin(argc, argv);
    content = open_room((size_t)4 << HIGHEST_PRECISION);
    other = open_room((size_t)4 << HIGHEST_PRECISION);
    batch = open_room(MOST * sizeof(uint64_t));
    for (int i = 0; i < cases; i++) {
        test_registers(&perfpy_hyperloglog_baseline, false);
        test_registers(&perfpy_hyperloglog_avx512, false);
        test_registers(&perfpy_exaloglog_baseline, true);
        test_registers(&perfpy_exaloglog_avx512, true);
        test_distinct(&perfpy_hyperloglog_baseline, false);
        test_distinct(&perfpy_exaloglog_baseline, true);
        test_hash_set();
    }
    return 0;
}
