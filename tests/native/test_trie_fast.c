/* Compares the fast layout of tries with sorted arrays: on sets that every layout has to pass, and on its own.
 *
 * Usage: test_trie_fast ISA CASES SEED. Built by test_native.py, with sanitizers and with limits that small sets reach.
 */
#include "fast.h"

extern const struct perfpy_trie_layout perfpy_trie_fast_optimised;

#define TRIE perfpy_trie_fast
#define READERS &perfpy_trie_fast, &perfpy_trie_fast_optimised
#include "trie_cases.h"

/* Alphabets of more labels than are compared at once, which are sets of bits or, where they spread, lists. */
static void test_alphabets(void)
{
    enum { STEPS = 3 };
    for (unsigned size = 15; size <= 66; size += 3) {
        for (unsigned step = 1; step <= STEPS; step++) {
            struct set set = {0};
            const unsigned lowest = (unsigned)below(256 - (size - 1) * step);
            for (int i = 0; i < 600; i++) {
                unsigned char bytes[3];
                const size_t length = 1 + below(sizeof bytes);
                for (size_t at = 0; at < length; at++)
                    bytes[at] = (unsigned char)(lowest + step * below(size));
                add(&set, bytes, length);
            }
            finish(&set);
            test_set(&set, 1, 10);
        }
    }
}

/* Keys by thousands below one prefix of any length: texts end, and the double array begins, everywhere. */
static void test_chains(void)
{
    unsigned char bytes[200];
    for (size_t length = 0; length < 70; length += 3) {
        struct set set = {0};
        memset(bytes, 'c', sizeof bytes);
        add(&set, bytes, length / 2);
        for (int i = 0; i < 400; i++) {
            const int digits = sprintf((char *)bytes + length, "%x", (unsigned)below(4000));
            memset(bytes + length + digits, 'e', below(40));
            add(&set, bytes, length + (size_t)digits + below(40));
        }
        finish(&set);
        test_set(&set, 2, 10);
    }
}

/* However many nodes or cells there are, and wherever time goes: a build asks often whether to stop. */
static void test_polls(void)
{
    enum { KEYS = 20000, LETTERS = 12, LEAST_POLLS = 3 * KEYS / STEPS_BETWEEN_POLLS };
    struct set set = {0};
    struct perfpy_trie_payload payload;
    unsigned char bytes[LETTERS];
    for (int i = 0; i < KEYS; i++) {
        for (int at = 0; at < LETTERS; at++)
            bytes[at] = (unsigned char)('a' + below(26));
        add(&set, bytes, LETTERS);
    }
    finish(&set);
    polls = 0;
    if (TRIE.build(&set.keys, &interrupt, &payload) != PERFPY_TRIE_OK)
        fail("build()", set.count);
    if (polls < LEAST_POLLS)
        fail("polls", (uint64_t)polls);
    free(payload.data);
    free_set(&set);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    random_state = strtoull(argv[3], NULL, 10);
    test_alphabets();
    test_chains();
    test_polls();
    test_layout(atoi(argv[2]));
    return 0;
}
