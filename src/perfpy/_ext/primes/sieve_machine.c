#include <unistd.h>

#include "sieve.h"
#include "wheel.h"

const struct sieve_kernel *perfpy_sieve_variant(enum perfpy_isa isa)
{
    switch (isa) {
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX512:
        return &perfpy_sieve_avx512;
    case PERFPY_ISA_AVX2:
        return &perfpy_sieve_avx2;
#endif
    default:
        return &perfpy_sieve_baseline;
    }
}

/* What the operating system says of a cache, if it can be right. */
static size_t cache_size(int name, size_t least, size_t most, size_t otherwise)
{
    const long size = name >= 0 ? sysconf(name) : -1;
    if (size <= 0)
        return otherwise;
    return (size_t)size < least ? least : (size_t)size > most ? most : (size_t)size;
}

int perfpy_sieve_init(struct sieve_machine *machine)
{
#if defined(_SC_LEVEL1_DCACHE_SIZE) && defined(_SC_LEVEL2_CACHE_SIZE)
    const int l1 = _SC_LEVEL1_DCACHE_SIZE, l2 = _SC_LEVEL2_CACHE_SIZE;
#else
    const int l1 = -1, l2 = -1;
#endif
    machine->l1 = cache_size(l1, 16 << 10, 256 << 10, 32 << 10);
    machine->l2 = cache_size(l2, 128 << 10, 4 << 20, 512 << 10);
#ifdef PERFPY_X86_VARIANTS
    machine->byte_compress = __builtin_cpu_supports("avx512vbmi2") != 0;
#else
    machine->byte_compress = 0;
#endif
    return perfpy_presieve_init(&machine->presieve);
}

void perfpy_sieve_clear(struct sieve_machine *machine)
{
    perfpy_presieve_clear(&machine->presieve);
}

uint64_t perfpy_sieve_bytes(uint64_t first, uint64_t last)
{
    return last < 7 ? 0 : wheel_byte(last) - wheel_byte(first < 7 ? 7 : first) + 1;
}
