#define _GNU_SOURCE /* MADV_HUGEPAGE */
#include "memory.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 1 << 21 };

void *perfpy_diffusion_allocate(size_t bytes)
{
    const size_t alignment = bytes < HUGE_PAGE / 2 ? DIFFUSION_ALIGNMENT : HUGE_PAGE;
    if (bytes == 0 || bytes > PTRDIFF_MAX - alignment)
        return NULL;
    bytes = (bytes + alignment - 1) / alignment * alignment;
    void *memory = aligned_alloc(alignment, bytes);
#ifdef MADV_HUGEPAGE
    if (memory && alignment == HUGE_PAGE)
        madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    return memory;
}

size_t perfpy_diffusion_field_bytes(const struct diffusion_problem *problem)
{
    size_t bytes = problem->single ? sizeof(float) : sizeof(double);
    for (int axis = 0; axis < problem->dimensions; axis++)
        bytes *= (size_t)problem->shape[axis];
    return bytes;
}
