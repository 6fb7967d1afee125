#include "layouts.h"

#include "../hashing/hash.h"

uint64_t perfpy_bloom_bytes(int layout, uint64_t size, int probes)
{
    const uint64_t most = 1ull << (layout == BLOOM_COUNTING ? 55 : 57); /* so that there are no more than 2**63 bytes */
    if (size == 0 || size > most || probes < 1 || probes > (layout == BLOOM_CLASSIC ? 64 : BLOOM_WORDS))
        return 0;
    switch (layout) {
    case BLOOM_BLOCKED:
        return size * 64;
    case BLOOM_COUNTING:
        return size * 256;
    case BLOOM_CLASSIC:
        return (size + 63) / 64 * 8;
    default:
        return 0;
    }
}

void perfpy_bloom_subsets(int probes, uint16_t *subsets)
{
    uint64_t random = 0;
    for (int base = 0; base < BLOOM_SUBSETS / BLOOM_WORDS; base++) {
        uint32_t subset = 0;
        for (int chosen = 0; chosen < probes;) {
            const uint32_t word = 1u << (perfpy_mix(random += PERFPY_GOLDEN) >> 60);
            chosen += !(subset & word);
            subset |= word;
        }
        for (int turn = 0; turn < BLOOM_WORDS; turn++)
            *subsets++ = (uint16_t)(subset << turn | subset >> (BLOOM_WORDS - turn));
    }
}
