/* Hits of large primes, kept by the sub-block they fall into until its turn comes.
 *
 * Sub-blocks fit into L1, so crossing off takes a cycle a hit, where in L2 it would take four; and since consecutive
 * hits of a prime go to different sub-blocks, appending one does not wait for another. Each sub-block has a chain of
 * chunks that hits are appended to. Chunks come from slabs, which grow from 64 KB to 4 MB, on huge pages where there
 * are any, and are used again for the next span.
 */
#ifndef PERFPY_PRIMES_HITS_H
#define PERFPY_PRIMES_HITS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pages.h"

enum {
    CHUNK = SMALL_PAGE, /* bytes, and what chunks are aligned to; the first item is the link to the chunk before */
    HITS_AHEAD = 32, /* hits from the one appended to the cache line that is fetched meanwhile */
    CHUNK_LINK = sizeof(void *) / sizeof(uint32_t),
    SLAB_LEAST = 64 << 10,
    SLAB_MOST = 4 << 20,
};

struct slab {
    struct slab *before;
    struct pages pages;
    size_t size; /* bytes, a multiple of CHUNK */
};

struct hits {
    unsigned shift;    /* hits of a sub-block are equal but for this many bits */
    size_t sub_blocks; /* of this span */
    uint32_t **next;   /* for each sub-block where its next hit goes: 8 * byte of the span + bit */
    struct slab *slabs, *slab; /* all, and the one that is being used up */
    size_t used;               /* bytes of it */
    bool failed;               /* no memory for a chunk: hits were lost */
};

static struct slab *slab_new(size_t size)
{
    struct slab *slab = malloc(sizeof *slab);
    if (!slab)
        return NULL;
    if (!pages_allocate(&slab->pages, size, size >= HUGE_PAGE)) {
        free(slab);
        return NULL;
    }
    slab->size = size;
    slab->before = NULL;
    return slab;
}

/* A slab that has not been used in this span, of those there are or a new one. Slabs are linked from new to old and
 * used from old to new, so the newest is the one to compare with. */
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

/* Where a sub-block's first chunk begins to be filled. All chunks fill at about the same pace, and beginning all at
 * the same place they would compete for the same few lines of the L1 cache all the time. */
static inline size_t hits_first_item(size_t sub_block)
{
    return CHUNK_LINK + sub_block % (CHUNK / 64 - 1) * 16;
}

/* Begins a new chunk for the sub-block, whose present one ends at `full` (NULL: it has none). */
static __attribute__((noinline)) void hits_chunk(struct hits *hits, size_t sub_block, uint32_t *full)
{
    uint8_t *const before = full ? (uint8_t *)full - CHUNK : NULL;
    if ((!hits->slab || hits->used == hits->slab->size) && !slab_advance(hits)) {
        hits->failed = true;
        hits->next[sub_block] = full ? (uint32_t *)before + CHUNK_LINK : NULL; /* overwrite: the sieve will not be used */
        return;
    }
    uint8_t *const chunk = hits->slab->pages.bytes + hits->used;
    hits->used += CHUNK;
    memcpy(chunk, &before, sizeof before);
    hits->next[sub_block] = (uint32_t *)chunk + (full ? CHUNK_LINK : hits_first_item(sub_block));
}

static inline void hits_add(struct hits *hits, uint32_t hit)
{
    const size_t sub_block = hit >> hits->shift;
    uint32_t *const at = hits->next[sub_block];
    __builtin_prefetch(at + HITS_AHEAD, 1);
    *at = hit;
    hits->next[sub_block] = at + 1;
    if (((uintptr_t)(at + 1) & (CHUNK - 1)) == 0)
        hits_chunk(hits, sub_block, at + 1);
}

/* Begins a span without hits, cut into sub-blocks of a power of two bytes (any size if there is only one). False
 * without memory. */
static bool hits_begin(struct hits *hits, size_t bytes, size_t sub_block)
{
    free(hits->next);
    hits->shift = 3;
    while ((size_t)1 << (hits->shift - 3) < sub_block)
        hits->shift++;
    hits->sub_blocks = (bytes - 1) / sub_block + 1;
    hits->next = malloc(hits->sub_blocks * sizeof *hits->next);
    if (!hits->next)
        return false;
    hits->slab = NULL;
    hits->used = 0;
    for (struct slab *slab = hits->slabs; slab; slab = slab->before)
        hits->slab = slab; /* the oldest */
    for (size_t k = 0; k < hits->sub_blocks; k++) {
        hits_chunk(hits, k, NULL);
        if (hits->failed)
            return false;
    }
    return true;
}

/* Crosses off a sub-block's hits in its bytes. */
static void hits_cross_off(const struct hits *hits, size_t sub_block, uint8_t *bytes)
{
    const uint32_t mask = ((uint32_t)1 << hits->shift) - 1;
    const uint32_t *end = hits->next[sub_block];
    uint8_t *chunk = (uint8_t *)((uintptr_t)end & ~(uintptr_t)(CHUNK - 1));
    while (chunk) {
        uint8_t *before;
        memcpy(&before, chunk, sizeof before);
        const uint32_t *hit = (const uint32_t *)chunk + (before ? CHUNK_LINK : hits_first_item(sub_block));
        for (; hit < end; hit++)
            bytes[(*hit & mask) >> 3] &= (uint8_t) ~(1u << (*hit & 7));
        chunk = before;
        end = (const uint32_t *)((uintptr_t)chunk + CHUNK);
    }
}

static void hits_free(struct hits *hits)
{
    while (hits->slabs) {
        struct slab *slab = hits->slabs;
        hits->slabs = slab->before;
        free(slab->pages.storage);
        free(slab);
    }
    free(hits->next);
    *hits = (struct hits){0};
}

#endif
