/* Explicit steps of lines and planes, and of any field with an array of diffusivities: built once for each instruction
 * set, with KERNEL_NAME for its name. */
#include "kernel.h"

#include <string.h>

#include "strip.h"

/* Limits, found by measuring; the tests compile with others, so that small fields are cut in every way. */
#ifndef STRIP_BYTES
#define STRIP_BYTES (400 << 10) /* what the rows of a strip of a plane may take of the second-level cache */
#define DEPTH 20                /* steps of a pass over a plane */
#define LINE_BYTES (32 << 10)   /* what two copies of a strip of a line may take of the first-level cache */
#define LINE_DEPTH 128          /* steps of a pass over a line */
#define CELLS_BETWEEN_POLLS (1 << 22)
#endif
enum { CACHE_LINE = 64 };

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX2__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

/* Keeps a vector that was loaded in a register: the compiler would load it again for each use. */
#if defined(__x86_64__)
#define KEEP(vector) __asm__("" : "+v"(vector))
#else
#define KEEP(vector) (void)0
#endif

#define INLINE static inline __attribute__((always_inline))

/* Asks whether to stop after every so many cells, that is, every few milliseconds at the slowest. */
struct pulse {
    const struct perfpy_interrupt *interrupt;
    int64_t cells;
};

INLINE bool stop_requested(struct pulse *pulse, int64_t cells)
{
    pulse->cells += cells;
    if (pulse->cells < CELLS_BETWEEN_POLLS)
        return false;
    pulse->cells = 0;
    return pulse->interrupt->requested(pulse->interrupt->context);
}

#include "careful.h"

#define REAL float
#define NAMED(name) name##_float
#include "rows.h"
#include "ends.h"
#include "line.h"
#include "plane.h"
#include "sweep.h"
#undef REAL
#undef NAMED

#define REAL double
#define NAMED(name) name##_double
#include "rows.h"
#include "ends.h"
#include "line.h"
#include "plane.h"
#include "sweep.h"
#undef REAL
#undef NAMED

/* Rows of a periodic plane are computed beyond both sides of a piece: the depth must stay small beside the height. */
static int plane_depth(const struct diffusion_problem *problem)
{
    const ptrdiff_t most = problem->shape[0] / 4;
    if (problem->sides[0][0] != DIFFUSION_PERIODIC || most >= DEPTH)
        return DEPTH;
    return most < 1 ? 1 : (int)most;
}

struct diffusion_method KERNEL_NAME(const struct diffusion_problem *problem)
{
    const bool single = problem->single;
    if (problem->diffusivity)
        return (struct diffusion_method){single ? advance_step_float : advance_step_double, 1, DIFFUSION_ALIGNMENT};
    if (problem->dimensions == 1)
        return (struct diffusion_method){single ? advance_line_float : advance_line_double, LINE_DEPTH, LINE_BYTES + DIFFUSION_ALIGNMENT};
    return (struct diffusion_method){single ? advance_plane_float : advance_plane_double, plane_depth(problem),
                                     STRIP_BYTES + DIFFUSION_ALIGNMENT};
}
