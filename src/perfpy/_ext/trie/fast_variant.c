#include "fast.h"

extern const struct perfpy_trie_layout perfpy_trie_fast_avx2, perfpy_trie_fast_avx512;

const struct perfpy_trie_layout *perfpy_trie_fast_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return &perfpy_trie_fast_avx512;
    case PERFPY_ISA_AVX2:
        return &perfpy_trie_fast_avx2;
#endif
    default:
        return &perfpy_trie_fast;
    }
}
