#include "registers.h"

const struct registers_operations *perfpy_hyperloglog_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return &perfpy_hyperloglog_avx512;
    case PERFPY_ISA_AVX2:
        return &perfpy_hyperloglog_avx2;
#endif
    default:
        return &perfpy_hyperloglog_baseline;
    }
}

const struct registers_operations *perfpy_exaloglog_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return &perfpy_exaloglog_avx512;
    case PERFPY_ISA_AVX2:
        return &perfpy_exaloglog_avx2;
#endif
    default:
        return &perfpy_exaloglog_baseline;
    }
}
