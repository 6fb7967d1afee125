/* The order in which threads do the pieces of a problem. */
#ifndef PERFPY_DIFFUSION_PLAN_H
#define PERFPY_DIFFUSION_PLAN_H

#include "kernel.h"

struct diffusion_plan;

/* Plans a problem for as many threads as `workers`; NULL if there is no memory. The arrays of the problem are used until
 * the plan is freed. */
struct diffusion_plan *perfpy_diffusion_plan(const struct diffusion_problem *problem, struct diffusion_method method,
                                             int workers);

/* Does pieces until none is left. Any number of threads may call this at once, and later ones find nothing to do; when
 * all calls have returned DIFFUSION_DONE, problem->out is filled. If a call is interrupted or finds no memory, all
 * other calls soon return DIFFUSION_STOPPED, and problem->out is meaningless. */
enum diffusion_status perfpy_diffusion_work(struct diffusion_plan *plan, const struct perfpy_interrupt *interrupt);

/* Frees a plan (or NULL) on which no thread works any more. */
void perfpy_diffusion_free(struct diffusion_plan *plan);

#endif
