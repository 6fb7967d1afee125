/* Implicit steps by alternating directions. */
#ifndef PERFPY_DIFFUSION_IMPLICIT_H
#define PERFPY_DIFFUSION_IMPLICIT_H

#include "kernel.h"

/* Fills problem->out with the field after problem->steps implicit steps; `diffusivity` and `isotropic` are not used. For
 * one field each, any number of threads may call it at once. If it does not return DIFFUSION_DONE the result is
 * meaningless. */
typedef enum diffusion_status diffusion_implicit(const struct diffusion_problem *problem,
                                                 const struct perfpy_interrupt *interrupt);

/* For each instruction set and type of cells. */
diffusion_implicit perfpy_diffusion_implicit_baseline_float, perfpy_diffusion_implicit_avx2_float,
    perfpy_diffusion_implicit_avx512_float;
diffusion_implicit perfpy_diffusion_implicit_baseline_double, perfpy_diffusion_implicit_avx2_double,
    perfpy_diffusion_implicit_avx512_double;

/* The one of an instruction set for a problem, called. */
enum diffusion_status perfpy_diffusion_take_implicit_steps(enum perfpy_isa isa, const struct diffusion_problem *problem,
                                                           const struct perfpy_interrupt *interrupt);

#endif
