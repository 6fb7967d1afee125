#include "layouts.h"

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
