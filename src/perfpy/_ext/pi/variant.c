#include "kernel.h"

pi_kernel *perfpy_pi_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return perfpy_pi_avx512;
    case PERFPY_ISA_AVX2:
        return perfpy_pi_avx2;
#endif
    default:
        return perfpy_pi_baseline;
    }
}
