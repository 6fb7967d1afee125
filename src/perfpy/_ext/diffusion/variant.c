#include "kernel.h"

#include "implicit.h"

/* What is built for an instruction set. */
struct variant {
    diffusion_choose *general, *volume_float, *volume_double;
    diffusion_implicit *implicit_float, *implicit_double;
};

static const struct variant variants[PERFPY_ISA_COUNT] = {
    [PERFPY_ISA_BASELINE] = {perfpy_diffusion_baseline, perfpy_diffusion_volume_baseline_float,
                             perfpy_diffusion_volume_baseline_double, perfpy_diffusion_implicit_baseline_float,
                             perfpy_diffusion_implicit_baseline_double},
#ifdef PERFPY_X86_VARIANTS
    [PERFPY_ISA_AVX2] = {perfpy_diffusion_avx2, perfpy_diffusion_volume_avx2_float,
                         perfpy_diffusion_volume_avx2_double, perfpy_diffusion_implicit_avx2_float,
                         perfpy_diffusion_implicit_avx2_double},
    [PERFPY_ISA_AVX512] = {perfpy_diffusion_avx512, perfpy_diffusion_volume_avx512_float,
                           perfpy_diffusion_volume_avx512_double, perfpy_diffusion_implicit_avx512_float,
                           perfpy_diffusion_implicit_avx512_double},
#endif
};

struct diffusion_method perfpy_diffusion_method(enum perfpy_isa isa, const struct diffusion_problem *problem)
{
    const struct variant *variant = &variants[isa];
    if (problem->dimensions < 3 || problem->diffusivity)
        return variant->general(problem);
    return problem->single ? variant->volume_float(problem) : variant->volume_double(problem);
}

enum diffusion_status perfpy_diffusion_take_implicit_steps(enum perfpy_isa isa, const struct diffusion_problem *problem,
                                                           const struct perfpy_interrupt *interrupt)
{
    const struct variant *variant = &variants[isa];
    return problem->single ? variant->implicit_float(problem, interrupt) : variant->implicit_double(problem, interrupt);
}
