/* Compares hashes of columns of every layout with those that their elements have by definition.
 *
 * Usage: test_hashing_columns ISA CASES SEED. Built by test_native.py, with sanitizers. Columns need the headers of
 * Python, and nothing else of it.
 */
#include "sketch_cases.h"

#include "column.h"
#include "hash_cases.h"

enum { ROOM_BYTES = 1 << 17, LONGEST = 200 };

enum { VALUES, DATA, INDEXES, VALID, OUT, ROOMS };
static struct room rooms[ROOMS];
static struct perfpy_hasher hasher;

/* A case says what each element is, makes a chunk that holds it, and keeps the hash that it has to have. */
struct column_case {
    size_t count, first; /* elements of the chunk, after some that are not */
    struct perfpy_column column;
    struct perfpy_chunk chunk;
    uint64_t expected[PERFPY_BATCH + LONGEST];
    bool valid[PERFPY_BATCH + LONGEST];
};

static size_t all(const struct column_case *made)
{
    return made->first + made->count;
}

/* Chooses what is null; a bitmap may be missing where nothing is. */
static void choose_nulls(struct column_case *made)
{
    const bool some_are = below(2), mapped = some_are || below(2);
    unsigned char *bits = mapped ? place(&rooms[VALID], (all(made) + 7) / 8, 1) : NULL;
    if (mapped)
        memset(bits, 0, (all(made) + 7) / 8);
    for (size_t i = 0; i < all(made); i++) {
        made->valid[i] = !some_are || below(3);
        if (made->valid[i] && mapped)
            bits[i / 8] |= (unsigned char)(1 << i % 8);
    }
    made->chunk.valid = bits;
}

static struct column_case begin_column(struct perfpy_layout_of layout)
{
    struct column_case made = {.count = some(PERFPY_BATCH), .first = below(40), .column = {.layout = layout}};
    made.chunk.first = (int64_t)made.first;
    made.chunk.count = (int64_t)made.count;
    choose_nulls(&made);
    return made;
}

static void check_column(struct column_case *made, const char *what)
{
    const size_t skipped = below(made->count + 1), count = made->count - skipped;
    uint64_t *out = place(&rooms[OUT], count * sizeof *out, sizeof *out);
    made->column.chunks = &made->chunk;
    made->column.chunk_count = 1;
    perfpy_column_hash(&made->column, &made->chunk, (int64_t)(made->first + skipped), (ptrdiff_t)count, &hasher, out);
    const uint64_t none = mix_by_definition(hasher.seeds.of[PERFPY_NONE]);
    for (size_t i = 0; i < count; i++) {
        const size_t place = made->first + skipped + i;
        if (out[i] != (made->valid[place] ? made->expected[place] : none))
            fail(what, place);
    }
}

static uint64_t string_by_definition(const struct column_case *made, const unsigned char *bytes, size_t size)
{
    const bool text = made->column.layout.text;
    return bytes_by_definition(bytes, size, hasher.seeds.of[text ? PERFPY_TEXT : PERFPY_BYTES]);
}

static void test_numbers(char number, int64_t width)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_NUMBERS, false, number, width});
    unsigned char *values = place(&rooms[VALUES], all(&made) * (size_t)width, 1); /* at any address */
    for (size_t i = 0; i < all(&made); i++) {
        random_number(number, values + i * (size_t)width, (size_t)width);
        made.expected[i] = number_by_definition(number, values + i * (size_t)width, &hasher.seeds);
    }
    made.chunk.values = values;
    check_column(&made, "a number of a column");
}

static void test_bits(void)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_BITS, false, 0, 0});
    unsigned char *bits = place(&rooms[VALUES], (all(&made) + 7) / 8, 1);
    fill_random(bits, (all(&made) + 7) / 8);
    for (size_t i = 0; i < all(&made); i++)
        made.expected[i] = natural_by_definition(bits[i / 8] >> i % 8 & 1, &hasher.seeds);
    made.chunk.values = bits;
    check_column(&made, "a bit");
}

static double half_by_definition(unsigned bits)
{
    const unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
    double magnitude = exponent ? 1 + fraction / 1024.0 : fraction / 512.0;
    for (unsigned e = exponent; e < 15; e++)
        magnitude /= 2;
    for (unsigned e = 15; e < exponent; e++)
        magnitude *= 2;
    if (exponent == 31)
        magnitude = fraction ? NAN : INFINITY;
    return bits >> 15 ? -magnitude : magnitude;
}

static void test_all_halves(void)
{
    for (unsigned bits = 0; bits < 65536; bits++) {
        const double half = perfpy_half_at((unsigned char *)&(uint16_t){(uint16_t)bits}, 0);
        const double expected = half_by_definition(bits);
        if (memcmp(&half, &expected, sizeof half) != 0 && !(isnan(half) && isnan(expected)))
            fail("a half", bits);
    }
}

static void test_halves(void)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_HALVES, false, 0, 2});
    unsigned char *values = place(&rooms[VALUES], 2 * all(&made), 1);
    for (size_t i = 0; i < all(&made); i++) {
        const uint16_t bits = (uint16_t)(below(4) ? random_bits() : 31u << 10 >> below(6) << below(2));
        memcpy(values + 2 * i, &bits, 2);
        made.expected[i] = real_by_definition(half_by_definition(bits), &hasher.seeds);
    }
    made.chunk.values = values;
    check_column(&made, "a half");
}

static size_t random_size(void)
{
    return below(20) ? below(40) : below(LONGEST);
}

/* Writes strings one behind the other; returns where the first so many begin and the last ends. */
static unsigned char *make_strings(struct column_case *made, size_t *begins)
{
    static unsigned char all_bytes[(PERFPY_BATCH + 40) * LONGEST];
    const bool tiny = below(2); /* so that not even 16 bytes are before some */
    size_t end = below(2) ? 0 : below(30);
    for (size_t i = 0; i < all(made); i++) {
        begins[i] = end;
        end += tiny ? below(4) : random_size();
    }
    begins[all(made)] = end;
    if (end > ROOM_BYTES)
        fail("the size of strings", end);
    fill_random(all_bytes, end);
    unsigned char *data = place(&rooms[DATA], end, 1);
    memcpy(data, all_bytes, end);
    for (size_t i = 0; i < all(made); i++)
        made->expected[i] = string_by_definition(made, data + begins[i], begins[i + 1] - begins[i]);
    return data;
}

static struct column_case string_column(int64_t width, bool text)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_STRINGS, text, 0, width});
    size_t begins[PERFPY_BATCH + LONGEST];
    made.chunk.data = make_strings(&made, begins);
    unsigned char *offsets = place(&rooms[VALUES], (all(&made) + 1) * (size_t)width, 1);
    for (size_t i = 0; i <= all(&made); i++)
        store_integer(offsets + i * (size_t)width, begins[i], (size_t)width);
    made.chunk.values = offsets;
    return made;
}

static void test_strings(int64_t width, bool text)
{
    struct column_case made = string_column(width, text);
    check_column(&made, "a string");
}

static void test_dictionary(char number, int64_t width)
{
    const struct column_case strings = string_column(4, below(2));
    if (strings.count == 0)
        return;
    struct column_case made = {.count = some(PERFPY_BATCH), .first = below(40)};
    unsigned char *indexes = place(&rooms[INDEXES], all(&made) * (size_t)width, 1);
    for (size_t i = 0; i < all(&made); i++) {
        const size_t index = below(width == 1 && strings.count > 128 ? 128 : strings.count);
        const size_t there = strings.first + index;
        store_integer(indexes + i * (size_t)width, index, (size_t)width);
        made.valid[i] = strings.valid[there];
        made.expected[i] = strings.expected[there];
    }
    made.column.layout = (struct perfpy_layout_of){PERFPY_DICTIONARY, false, number, width};
    made.column.dictionary = strings.column.layout;
    made.chunk = (struct perfpy_chunk){.first = (int64_t)made.first, .values = indexes, .dictionary = &strings.chunk};
    check_column(&made, "an indexed string");
}

static void test_lines(bool text)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_LINES, text, 0, 0});
    size_t begins[PERFPY_BATCH + LONGEST];
    made.chunk.data = make_strings(&made, begins);
    made.chunk.lines = place(&rooms[VALUES], all(&made) * sizeof *made.chunk.lines, sizeof(uint32_t));
    for (size_t i = 0; i < all(&made); i++)
        made.chunk.lines[i] = (struct perfpy_line){(uint32_t)begins[i], (uint32_t)(begins[i + 1] - begins[i])};
    check_column(&made, "a line");
}

static void test_fixed(size_t width)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_FIXED, false, 0, (int64_t)width});
    unsigned char *data = place(&rooms[DATA], all(&made) * width, 1);
    fill_random(data, all(&made) * width);
    for (size_t i = 0; i < all(&made); i++)
        made.expected[i] = string_by_definition(&made, data + i * width, width);
    made.chunk.data = data;
    check_column(&made, "a string of fixed size");
}

/* Strings of up to 12 bytes are in their views, others in one of two buffers. What is null refers to anything. */
static void test_views(bool text)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_VIEWS, text, 0, 16});
    unsigned char *views = place(&rooms[VALUES], 16 * all(&made), 1), bytes[LONGEST];
    unsigned char *data[] = {place(&rooms[DATA], 4 * LONGEST, 1), place(&rooms[INDEXES], 2 * LONGEST, 1)};
    const void *const buffers[] = {NULL, views, data[0], data[1]};
    fill_random(data[0], 4 * LONGEST);
    fill_random(data[1], 2 * LONGEST);
    for (size_t i = 0; i < all(&made); i++) {
        const size_t size = below(2) ? below(13) : 13 + below(LONGEST - 13), buffer = below(2);
        const size_t most = (buffer ? 2 : 4) * LONGEST - size, offset = below(3) ? below(most + 1) : below(2) * most;
        unsigned char *view = views + 16 * i;
        fill_random(view, 16);
        if (!made.valid[i])
            continue;
        store_integer(view, size, 4);
        memcpy(bytes, size > 12 ? data[buffer] + offset : view + 4, size);
        if (size > 12) {
            memcpy(view + 4, bytes, 4);
            store_integer(view + 8, buffer, 4);
            store_integer(view + 12, offset, 4);
        }
        made.expected[i] = string_by_definition(&made, bytes, size);
    }
    made.chunk.values = views;
    made.chunk.buffers = buffers;
    check_column(&made, "a view");
}

static void test_nothing(void)
{
    struct column_case made = begin_column((struct perfpy_layout_of){PERFPY_NULLS, false, 0, 0});
    memset(made.valid, 0, sizeof made.valid);
    made.chunk.valid = NULL;
    check_column(&made, "nothing");
}

/* Where a key is, among chunks of which some have none. */
static void test_find(void)
{
    struct perfpy_chunk chunks[20] = {{0}};
    const int64_t chunk_count = 1 + (int64_t)below(20);
    const struct perfpy_column column = {.chunks = chunks, .chunk_count = chunk_count};
    int64_t key = 0;
    for (int64_t i = 0; i < chunk_count; i++) {
        chunks[i].start = key;
        chunks[i].count = (int64_t)(below(2) * below(5));
        key += chunks[i].count;
    }
    for (int64_t i = 0; i < chunk_count; i++)
        for (int64_t j = 0; j < chunks[i].count; j++)
            if (perfpy_column_find(&column, chunks[i].start + j) != i)
                fail("the chunk of a key", (uint64_t)(chunks[i].start + j));
}

static void test_columns(void)
{
    static const char numbers[] = "bBhHiIqQfd", indexes[] = "bBhHiIqQ";
    static const int64_t widths[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    for (int i = 0; i < 10; i++)
        test_numbers(numbers[i], widths[i]);
    for (int i = 0; i < 8; i++)
        test_dictionary(indexes[i], widths[i]);
    for (int text = 0; text < 2; text++) {
        test_strings(4, text);
        test_strings(8, text);
        test_lines(text);
        test_views(text);
    }
    test_bits();
    test_halves();
    test_fixed(below(40));
    test_nothing();
    test_find();
}

int main(int argc, char **argv)
{
    const int cases = begin(argc, argv);
    for (int i = 0; i < ROOMS; i++)
        rooms[i] = open_room(ROOM_BYTES);
    test_all_halves();
    for (int i = 0; i < cases; i++) {
        hasher.seeds = perfpy_seeds_from(random_bits());
        test_columns();
    }
    return 0;
}
