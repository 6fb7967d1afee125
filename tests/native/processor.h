/* Whether this machine runs what was compiled for an instruction set of test_native.py. */
#ifndef PERFPY_TESTS_PROCESSOR_H
#define PERFPY_TESTS_PROCESSOR_H

#include <string.h>

static int processor_runs(const char *isa)
{
#if defined(__x86_64__)
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                     __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
    const int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512vl");
    if (strcmp(isa, "avx2") == 0)
        return avx2;
    if (strcmp(isa, "avx512") == 0)
        return avx512;
    if (strcmp(isa, "avx512_popcnt") == 0)
        return avx512 && __builtin_cpu_supports("avx512vpopcntdq");
    if (strcmp(isa, "avx512_ifma") == 0)
        return avx512 && __builtin_cpu_supports("avx512ifma");
#endif
    return strcmp(isa, "baseline") == 0;
}

#endif
