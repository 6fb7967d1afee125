/* Memory aligned to cache lines, or on huge pages where the system has them.
 *
 * Crossing off at random in more than some tens of KB of small pages costs more for finding the pages than for the
 * memory: processors remember few of them for stores. A first touch of a huge page takes some 100 microseconds, so
 * they are for long work.
 */
#ifndef PERFPY_PRIMES_PAGES_H
#define PERFPY_PRIMES_PAGES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { SMALL_PAGE = 4 << 10, HUGE_PAGE = 2 << 20 };

struct pages {
    void *storage; /* to free */
    uint8_t *bytes;
};

/* False without memory. */
static inline bool pages_allocate(struct pages *pages, size_t size, bool huge)
{
    const size_t alignment = huge ? HUGE_PAGE : SMALL_PAGE;
    size = (size + alignment - 1) / alignment * alignment;
    pages->storage = malloc(size + alignment);
    if (!pages->storage)
        return false;
    pages->bytes = (uint8_t *)pages->storage + (alignment - (uintptr_t)pages->storage % alignment);
#ifdef MADV_HUGEPAGE
    if (huge)
        madvise(pages->bytes, size, MADV_HUGEPAGE); /* a hint: nothing is lost if it is refused */
#endif
    return true;
}

#endif
