#include "layouts.h"

#include "../hashing/hash.h"

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

struct bloom_operations perfpy_bloom_variant(enum perfpy_isa isa, enum bloom_layout layout)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return perfpy_bloom_avx512(layout);
    case PERFPY_ISA_AVX2:
        return perfpy_bloom_avx2(layout);
#endif
    default:
        return perfpy_bloom_baseline(layout);
    }
}
