/* An allocator that can say no: what is tested is compiled with these in place of malloc() and the like. */
#ifndef ALLOCATOR_H
#define ALLOCATOR_H

#include <stdbool.h>
#include <stdlib.h>

static long allocations_left = -1; /* none are refused */

static inline bool refuse(void)
{
    if (allocations_left == 0)
        return true;
    allocations_left -= allocations_left > 0;
    return false;
}

void *test_malloc(size_t size)
{
    return refuse() ? NULL : malloc(size);
}

void *test_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : calloc(count, size);
}

void *test_realloc(void *block, size_t size)
{
    return refuse() ? NULL : realloc(block, size);
}

#endif
