#include "registers.h"

const struct registers_operations *perfpy_registers_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return &perfpy_registers_avx512;
    case PERFPY_ISA_AVX2:
        return &perfpy_registers_avx2;
#endif
    default:
        return &perfpy_registers_baseline;
    }
}
