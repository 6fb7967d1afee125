/* From an instruction set to the kernel of is_prime_array.c built for it. */
#include "is_prime.h"

is_prime_kernel *perfpy_is_prime_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return __builtin_cpu_supports("avx512ifma") ? perfpy_is_prime_avx512_ifma : perfpy_is_prime_avx512;
    case PERFPY_ISA_AVX2:
        return perfpy_is_prime_avx2;
#endif
    default:
        return perfpy_is_prime_baseline;
    }
}
