#include "isa.h"

#include <stdio.h>
#include <string.h>

static const char *const names[PERFPY_ISA_COUNT] = {"baseline", "avx2", "avx512"};

unsigned perfpy_isa_built(void)
{
#ifdef PERFPY_X86_VARIANTS
    return 1u << PERFPY_ISA_BASELINE | 1u << PERFPY_ISA_AVX2 | 1u << PERFPY_ISA_AVX512;
#else
    return 1u << PERFPY_ISA_BASELINE;
#endif
}

/* The features tested here are those that the build passes to the compiler as -m flags. The builtin also asks
 * the operating system whether it saves the wide registers. */
int perfpy_isa_supported(enum perfpy_isa isa)
{
    switch (isa) {
    case PERFPY_ISA_BASELINE:
        return 1;
#ifdef PERFPY_X86_VARIANTS
    case PERFPY_ISA_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    case PERFPY_ISA_AVX512:
        return perfpy_isa_supported(PERFPY_ISA_AVX2) && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    default:
        return 0;
    }
}

const char *perfpy_isa_name(enum perfpy_isa isa)
{
    return names[isa];
}

/* Writes the names of the set's members that run here, separated by ", ". */
static void list_runnable(unsigned allowed, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int isa = 0; isa < PERFPY_ISA_COUNT; isa++)
        if (allowed >> isa & 1u && perfpy_isa_supported((enum perfpy_isa)isa) && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", names[isa]);
}

int perfpy_isa_choose(const char *requested, unsigned allowed, enum perfpy_isa *chosen, char *message, size_t size)
{
    char runnable[64];
    allowed &= perfpy_isa_built();
    list_runnable(allowed, runnable, sizeof runnable);
    if (requested && *requested) {
        for (int isa = 0; isa < PERFPY_ISA_COUNT; isa++) {
            if (strcmp(requested, names[isa]) != 0)
                continue;
            if (allowed >> isa & 1u && perfpy_isa_supported((enum perfpy_isa)isa)) {
                *chosen = (enum perfpy_isa)isa;
                return 0;
            }
            snprintf(message, size, "PERFPY_ISA='%s' cannot run on this machine or is not in this build; choose one of: %s",
                     names[isa], runnable);
            return -1;
        }
        snprintf(message, size, "PERFPY_ISA='%.40s' is not the name of an instruction set; choose one of: %s",
                 requested, runnable);
        return -1;
    }
    *chosen = PERFPY_ISA_BASELINE;
    for (int isa = 0; isa < PERFPY_ISA_COUNT; isa++)
        if (allowed >> isa & 1u && perfpy_isa_supported((enum perfpy_isa)isa))
            *chosen = (enum perfpy_isa)isa;
    return 0;
}
