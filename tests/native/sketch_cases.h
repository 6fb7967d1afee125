/* What the tests of hashes and of sketches share: random numbers, hashes of many kinds, memory with nothing beside it,
 * and an allocator that can say no.
 */
#ifndef SKETCH_CASES_H
#define SKETCH_CASES_H

#define _DEFAULT_SOURCE /* of anonymous memory */

#include <sanitizer/asan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocator.h"
#include "processor.h"
#include "random.h"

__extension__ typedef unsigned __int128 uint128;

enum { MOST = 3000 /* hashes of a case */, HASH_KINDS = 8 };

static uint64_t below(uint64_t limit)
{
    return random_bits() % limit;
}

static void fail(const char *what, uint64_t where)
{
    printf("wrong: %s at %llu\n", what, (unsigned long long)where);
    exit(1);
}

/* Reads the arguments ISA CASES SEED; ends the program where the machine does not run that. Returns the cases. */
static int begin(int argc, char **argv)
{
    if (argc != 4)
        exit(2);
    if (!processor_runs(argv[1])) {
        printf("this machine cannot run %s\n", argv[1]);
        exit(77);
    }
    random_state = strtoull(argv[3], NULL, 10);
    return atoi(argv[2]);
}

/* Memory between two pages that cannot be read. Code without sanitizers is stopped there, and the sanitizer forbids
 * whatever else of it a case does not use. */
struct room {
    unsigned char *first;
    size_t size;
};

static struct room open_room(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const struct room room = {.size = (size + page - 1) / page * page};
    unsigned char *all = mmap(NULL, room.size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all + page, room.size, PROT_READ | PROT_WRITE) != 0)
        fail("no memory", size);
    return (struct room){all + page, room.size};
}

/* A part of a room that is aligned to nothing else: at its end, at its beginning, or near that. */
static inline void *place(const struct room *room, size_t size, size_t alignment)
{
    const size_t last = (room->size - size) / alignment;
    const size_t offset = below(2) ? last : below(2) ? 0 : below(last < 70 ? last + 1 : 70);
    unsigned char *start = room->first + alignment * offset;
    ASAN_POISON_MEMORY_REGION(room->first, room->size);
    ASAN_UNPOISON_MEMORY_REGION(start, size);
    return start;
}

/* Few, or up to so many. */
static inline size_t some(size_t most)
{
    const size_t limit = below(4) ? 40 : most;
    return below((limit < most ? limit : most) + 1);
}

/* Hashes that are random, or as bad as a caller may make them. */
static inline uint64_t random_hash(int kind, size_t index)
{
    switch (kind) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return random_bits() >> below(64); /* with many zeros */
    case 3:
        return below(2) ? UINT64_C(1) << below(64) : ~(UINT64_C(1) << below(64));
    case 4:
        return index;
    case 5:
        return below(5) * UINT64_C(0x2AAAAAAAAAAAAAAB);
    case 6:
        return random_bits() % 7 << 61 | below(3); /* all in few places */
    default:
        return random_bits();
    }
}

static inline void fill_hashes(uint64_t *hashes, size_t count, int kind)
{
    for (size_t i = 0; i < count; i++)
        hashes[i] = random_hash(kind, i);
}

static inline uint64_t mix_by_definition(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

/* Number of zeros that the lowest `bits` bits of a number begin with. */
static inline int zeros_by_definition(uint64_t number, int bits)
{
    int zeros = 0;
    while (zeros < bits && !(number >> (bits - 1 - zeros) & 1))
        zeros++;
    return zeros;
}

#endif
