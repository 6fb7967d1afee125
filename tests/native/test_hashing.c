/* Compares hashes of numbers, bytes and text with what they are by definition.
 *
 * Usage: test_hashing ISA CASES SEED. Built by test_native.py once per instruction set. The loops over arrays of
 * numbers are there twice: with sanitizers as perfpy_numbers_baseline, and optimised as users have them as
 * perfpy_numbers_avx512. Exit status 77: this machine cannot run them.
 */
#include "sketch_cases.h"

#include "hash_cases.h"
#include "numbers.h"
#include "text.h"

enum { LONGEST = 200 };

static struct room in, out;

static perfpy_numbers_table *const builds[] = {perfpy_numbers_baseline, perfpy_numbers_avx512};

static const struct {
    char format;
    size_t size;
} types[] = {{'b', 1},
             {'B', 1},
             {'?', 1},
             {'h', sizeof(short)},
             {'H', sizeof(short)},
             {'i', sizeof(int)},
             {'I', sizeof(int)},
             {'l', sizeof(long)},
             {'L', sizeof(long)},
             {'q', sizeof(long long)},
             {'Q', sizeof(long long)},
             {'f', sizeof(float)},
             {'d', sizeof(double)}};

enum { TYPES = sizeof types / sizeof *types };

static void test_array(char format, size_t size, size_t count)
{
    const struct perfpy_seeds seeds = perfpy_seeds_from(random_bits());
    unsigned char *numbers = place(&in, count * size, size);
    for (size_t i = 0; i < count; i++)
        random_number(format, numbers + i * size, size);
    for (size_t build = 0; build < 2; build++) {
        perfpy_numbers_hash *hash = builds[build](format);
        uint64_t *hashes = place(&out, count * sizeof *hashes, sizeof *hashes);
        hash(numbers, (ptrdiff_t)count, &seeds, hashes);
        for (size_t i = 0; i < count; i++)
            if (hashes[i] != number_by_definition(format, numbers + i * size, &seeds)) {
                printf("format %c, build %zu, number %zu of %zu\n", format, build, i, count);
                fail("a hash", i);
            }
    }
}

static void test_table(void)
{
    for (int letter = -128; letter < 128; letter++) {
        bool known = false;
        for (size_t type = 0; type < TYPES; type++)
            known |= types[type].format == letter;
        for (size_t build = 0; build < 2; build++)
            if ((builds[build]((char)letter) != NULL) != known)
                fail("the table of types", (uint64_t)letter);
    }
}

static void test_seeds(void)
{
    const uint64_t seed = random_bits();
    const struct perfpy_seeds seeds = perfpy_seeds_from(seed);
    for (uint64_t kind = 1; kind < PERFPY_KINDS; kind++)
        if (seeds.of[kind] != mix_by_definition(seed + kind * UINT64_C(0x9E3779B97F4A7C15)))
            fail("the seed of a kind", kind);
}

static void test_bytes(size_t size)
{
    const uint64_t seed = random_bits();
    unsigned char *bytes = place(&in, size, 1);
    fill_random(bytes, size);
    const uint64_t expected = bytes_by_definition(bytes, size, seed);
    if (perfpy_hash_bytes(bytes, size, seed) != expected)
        fail("bytes of this size", size);
    unsigned char *before = place(&out, size + 16, 1);
    fill_random(before, 16);
    memcpy(before + 16, bytes, size);
    if (perfpy_hash_bytes_behind(before + 16, size, seed) != expected)
        fail("bytes of this size behind others", size);
    if (size >= 16 && perfpy_hash_bytes_behind(bytes, size, seed) != expected)
        fail("bytes behind nothing", size);
}

/* Points where UTF-8 becomes longer, surrogates among them. */
static uint32_t random_point(int width)
{
    static const uint32_t ends[] = {0, 0x7F, 0x80, 0x7FF, 0x800, 0xD800, 0xDFFF, 0xFFFF, 0x10000, 0x10FFFF};
    const uint32_t most = width == 1 ? 0xFF : width == 2 ? 0xFFFF : 0x10FFFF;
    const uint32_t point = below(2) ? ends[below(sizeof ends / sizeof *ends)] : (uint32_t)below(most + 1);
    return point > most ? most : point;
}

static size_t utf8_by_definition(uint32_t point, unsigned char *out)
{
    const size_t size = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--, point >>= 6)
        out[i] = (unsigned char)(0x80 | (point & 0x3F));
    out[0] = (unsigned char)(marks[size] | point);
    return size;
}

static void test_text(int width, size_t length)
{
    const uint64_t seed = random_bits();
    const bool mostly_short = below(2);
    unsigned char *points = place(&in, length * (size_t)width, (size_t)width), utf8[4 * LONGEST];
    size_t size = 0;
    for (size_t i = 0; i < length; i++) {
        const uint32_t point = mostly_short && below(9) ? (uint32_t)below(128) : random_point(width);
        const uint8_t one = (uint8_t)point;
        const uint16_t two = (uint16_t)point;
        memcpy(points + i * (size_t)width, width == 1 ? (const void *)&one : width == 2 ? (const void *)&two : &point,
               (size_t)width);
        size += utf8_by_definition(point, utf8 + size);
    }
    if (perfpy_hash_text(width, points, length, seed) != bytes_by_definition(utf8, size, seed))
        fail("text of this length", length);
}

int main(int argc, char **argv)
{
    const int cases = begin(argc, argv);
    in = open_room(MOST * 8);
    out = open_room(MOST * 8);
    test_seeds();
    for (size_t size = 0; size < LONGEST; size++)
        for (int i = 0; i < 10; i++) {
            test_bytes(size);
            for (int width = 1; width <= 4; width *= 2)
                test_text(width, size);
        }
    test_table();
    for (size_t type = 0; type < TYPES; type++) {
        for (size_t count = 0; count < 70; count++) /* every way to fill the lanes */
            test_array(types[type].format, types[type].size, count);
        for (int i = 0; i < cases; i++)
            test_array(types[type].format, types[type].size, some(MOST));
    }
    return 0;
}
