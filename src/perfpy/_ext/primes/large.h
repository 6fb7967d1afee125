/* The multiples of large primes: a bitmap of what they cross off in a window of many segments.
 *
 * A prime p larger than a segment hits few segments, and visiting it for each would cost more than its hits do. So the
 * window, of some megabytes, is done as a whole: for each p the first hits behind the window's start come from one division
 *  (all blocks together repeat every p bytes, so 8 subtractions modulo p give 8 hits and the rest follow in
 * steps of p), and hits are first sorted by region of the bitmap, each half the L2 cache, and crossed off there
 * when enough have come together. Nothing is kept of a prime, so memory depends on the window only:
 * 1.25 times its bytes. Cost: a few nanoseconds for each prime and for each hit, of which there are
 * 8 * bytes * (log log sqrt(end) - log log segment).
 */
#ifndef PERFPY_PRIMES_LARGE_H
#define PERFPY_PRIMES_LARGE_H

#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "window.h"

enum {
    LARGE_PIECE = 1024,             /* bytes whose primes are worked on at a time */
    LARGE_PRIME_COST = 3, LARGE_HIT_COST = 3, /* nanoseconds */
};

struct large {
    struct run *run;
    uint64_t first; /* byte of the window that the bitmap starts at */
    size_t bytes;
    uint8_t *bitmap;  /* 0 where a large prime crossed off */
    unsigned shift;   /* a region has 2**shift bytes */
    size_t regions, room;
    uint32_t *hits;   /* `room` for each region: 8 * byte + bit */
    uint32_t *filled; /* how many hits there are in each region */
    uint32_t primes[8 * LARGE_PIECE + BITS_SLACK];
};

static void large_cross_off(struct large *large, size_t region)
{
    const uint32_t *const hits = large->hits + region * large->room;
    for (size_t k = 0; k < large->filled[region]; k++)
        large->bitmap[hits[k] >> 3] &= (uint8_t) ~(1u << (hits[k] & 7));
    large->run->budget -= (long)large->filled[region] * LARGE_HIT_COST;
    large->filled[region] = 0;
}

static inline void large_hit(struct large *large, uint32_t hit)
{
    const size_t region = hit >> (large->shift + 3);
    large->hits[region * large->room + large->filled[region]] = hit;
    if (++large->filled[region] == large->room)
        large_cross_off(large, region);
}

/* Hits of one prime, from its first multiple other than itself. */
static void large_prime(struct large *large, uint32_t prime)
{
    const uint32_t itself = (prime - 7) / 30;
    const int i = wheel_class(prime);
    const size_t skip = large->first > itself ? 0 : (size_t)(itself + 1 - large->first);
    if (skip >= large->bytes)
        return;
    const uint32_t start = (uint32_t)((large->first + skip) % prime);
    for (int j = 0; j < 8; j++) {
        /* The block's last cofactor, 31, is the same as cofactor 1 of the next block. */
        const uint32_t offset = j == 7 ? itself : (uint32_t)(((uint64_t)prime * wheel_residues[j] - 7) / 30);
        const uint64_t at = skip + (offset >= start ? offset - start : (uint64_t)offset + prime - start);
        const uint32_t bit = WHEEL_BIT(i, j);
        for (uint64_t byte = at; byte < large->bytes; byte += prime)
            large_hit(large, (uint32_t)byte << 3 | bit);
    }
}

/* Consumer of the sieve that finds the large primes. */
static enum sieve_status large_segment(void *context, uint8_t *bytes, size_t length, uint64_t first)
{
    struct large *large = context;
    for (size_t done = 0; done < length; done += LARGE_PIECE) {
        const size_t piece = length - done < LARGE_PIECE ? length - done : LARGE_PIECE;
        struct bits_list list = {large->primes, large->primes + 8 * LARGE_PIECE + BITS_SLACK, false};
        bits_append(&list, bytes + done, (piece + 7) / 8 * 8, first + done, large->run->machine->byte_compress);
        const size_t count = (size_t)((uint32_t *)list.next - large->primes);
        for (size_t k = 0; k < count; k++)
            large_prime(large, large->primes[k]);
        if (stop_after(large->run, (long)count * LARGE_PRIME_COST))
            return SIEVE_INTERRUPTED;
    }
    return SIEVE_DONE;
}

static void large_free(struct large *large)
{
    if (!large)
        return;
    free(large->bitmap);
    free(large->hits);
    free(large->filled);
    free(large);
}

/* A bitmap with nothing crossed off, or NULL without memory. */
static struct large *large_new(struct run *run, const struct window *window)
{
    struct large *large = malloc(sizeof *large);
    if (!large)
        return NULL;
    large->run = run;
    large->first = window->first;
    large->bytes = (size_t)(window->end - window->first);
    large->shift = 10;
    while (large->shift < 24 && (size_t)2 << large->shift <= run->machine->l2 / 2)
        large->shift++;
    large->regions = (large->bytes >> large->shift) + 1;
    large->room = (size_t)1 << (large->shift - 4); /* four hits for each line of 64 bytes */
    large->bitmap = malloc(large->bytes + BITS_STEP);
    large->hits = malloc(large->regions * large->room * sizeof *large->hits);
    large->filled = malloc(large->regions * sizeof *large->filled);
    if (!large->bitmap || !large->hits || !large->filled) {
        large_free(large);
        return NULL;
    }
    memset(large->bitmap, 0xff, large->bytes + BITS_STEP);
    memset(large->filled, 0, large->regions * sizeof *large->filled);
    return large;
}

static void large_finish(struct large *large)
{
    for (size_t region = 0; region < large->regions; region++)
        large_cross_off(large, region);
}

/* Takes away from the segment that starts at byte `first` what the large primes crossed off. */
static void large_apply(const struct large *large, uint8_t *bytes, size_t length, uint64_t first)
{
    const uint8_t *const crossed = large->bitmap + (first - large->first);
    for (size_t k = 0; k < length; k++)
        bytes[k] &= crossed[k];
}

#endif
