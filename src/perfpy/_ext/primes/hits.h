/* Hits of large primes, kept by the segment they fall into until its turn comes.
 *
 * Each segment has a chain of chunks that hits are appended to. Chunks come from slabs, which grow from 64 KB to 4 MB,
 * on huge pages where there are any, and are used again for the next span.
 */
#ifndef PERFPY_PRIMES_HITS_H
#define PERFPY_PRIMES_HITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum {
    CHUNK = 8 << 10, /* bytes, and what chunks are aligned to; the first item is the link to the chunk before */
    CHUNK_LINK = sizeof(void *) / sizeof(uint32_t),
    SLAB_LEAST = 64 << 10,
    SLAB_MOST = 4 << 20,
    HUGE_PAGE = 2 << 20,
    HITS_ONE_SEGMENT = 28, /* the shift that makes any span one segment: hits have 31 bits at most */
};

struct slab {
    struct slab *before;
    void *storage;
    uint8_t *chunks;
    size_t size;
};

struct hits {
    unsigned shift;  /* a segment has 2**shift bytes */
    size_t segments; /* of this span */
    uint32_t **next; /* for each segment where its next hit goes: 8 * byte of the span + bit */
    struct slab *slabs, *slab; /* all, and the one that is being used up */
    size_t used;               /* bytes of it */
    bool failed;               /* no memory for a chunk: hits were lost */
};

static struct slab *slab_new(size_t size)
{
    struct slab *slab = malloc(sizeof *slab);
    if (!slab)
        return NULL;
    const size_t alignment = size < HUGE_PAGE ? CHUNK : HUGE_PAGE;
    slab->storage = malloc(size + alignment);
    if (!slab->storage) {
        free(slab);
        return NULL;
    }
    slab->chunks = (uint8_t *)slab->storage + (alignment - (uintptr_t)slab->storage % alignment);
    slab->size = size;
    slab->before = NULL;
#ifdef MADV_HUGEPAGE
    if (size >= HUGE_PAGE)
        madvise(slab->chunks, size, MADV_HUGEPAGE); /* a hint: nothing is lost if it is refused */
#endif
    return slab;
}

/* A slab that has not been used in this span, of those there are or a new one. Slabs are linked from new to old and used
 * from old to new, so the newest is the one to compare with. */
static bool slab_advance(struct hits *hits)
{
    if (hits->slab != hits->slabs) {
        struct slab *next = hits->slabs;
        while (next->before != hits->slab)
            next = next->before;
        hits->slab = next;
    } else {
        const size_t size = hits->slabs ? hits->slabs->size * 2 : SLAB_LEAST;
        struct slab *slab = slab_new(size > SLAB_MOST ? SLAB_MOST : size);
        if (!slab)
            return false;
        slab->before = hits->slabs;
        hits->slabs = hits->slab = slab;
    }
    hits->used = 0;
    return true;
}

/* Begins a new chunk for the segment, whose present one ends at `full` (NULL: it has none). */
static __attribute__((noinline)) void hits_chunk(struct hits *hits, size_t segment, uint32_t *full)
{
    uint8_t *const before = full ? (uint8_t *)full - CHUNK : NULL;
    if ((!hits->slab || hits->used == hits->slab->size) && !slab_advance(hits)) {
        hits->failed = true;
        hits->next[segment] = full ? (uint32_t *)before + CHUNK_LINK : NULL; /* overwrite: the sieve will not be used */
        return;
    }
    uint8_t *const chunk = hits->slab->chunks + hits->used;
    hits->used += CHUNK;
    memcpy(chunk, &before, sizeof before);
    hits->next[segment] = (uint32_t *)chunk + CHUNK_LINK;
}

static inline void hits_add(struct hits *hits, uint32_t hit)
{
    const size_t segment = hit >> 3 >> hits->shift;
    uint32_t *const at = hits->next[segment];
    *at = hit;
    hits->next[segment] = at + 1;
    if (((uintptr_t)(at + 1) & (CHUNK - 1)) == 0)
        hits_chunk(hits, segment, at + 1);
}

/* Begins a span with no hits in it; false without memory. */
static bool hits_begin(struct hits *hits, size_t bytes, unsigned shift)
{
    free(hits->next);
    hits->shift = shift;
    hits->segments = ((bytes - 1) >> shift) + 1;
    hits->next = malloc(hits->segments * sizeof *hits->next);
    if (!hits->next)
        return false;
    hits->slab = NULL;
    hits->used = 0;
    for (struct slab *slab = hits->slabs; slab; slab = slab->before)
        hits->slab = slab; /* the oldest */
    for (size_t k = 0; k < hits->segments; k++) {
        hits_chunk(hits, k, NULL);
        if (hits->failed)
            return false;
    }
    return true;
}

/* Crosses off a segment's hits in its bytes. */
static void hits_cross_off(const struct hits *hits, size_t segment, uint8_t *bytes)
{
    const uint32_t mask = ((uint32_t)1 << (hits->shift + 3)) - 1;
    const uint32_t *end = hits->next[segment];
    uint8_t *chunk = (uint8_t *)((uintptr_t)end & ~(uintptr_t)(CHUNK - 1));
    while (chunk) {
        for (const uint32_t *hit = (const uint32_t *)chunk + CHUNK_LINK; hit < end; hit++)
            bytes[(*hit & mask) >> 3] &= (uint8_t) ~(1u << (*hit & 7));
        memcpy(&chunk, chunk, sizeof chunk);
        end = (const uint32_t *)(chunk + CHUNK);
    }
}

static void hits_free(struct hits *hits)
{
    while (hits->slabs) {
        struct slab *slab = hits->slabs;
        hits->slabs = slab->before;
        free(slab->storage);
        free(slab);
    }
    free(hits->next);
    *hits = (struct hits){0};
}

#endif
