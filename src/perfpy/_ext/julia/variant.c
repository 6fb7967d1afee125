#include "kernel.h"

julia_kernel *perfpy_julia_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return perfpy_julia_avx512;
    case PERFPY_ISA_AVX2:
        return perfpy_julia_avx2;
#endif
    default:
        return perfpy_julia_baseline;
    }
}
