/* The multiples of large primes, those above a segment's bytes.
 *
 * Such a prime hits few segments, and looking at it in each would cost more than its hits. So a span of many segments
 * is done at once: for each prime the first hits behind the span's start come from one division, the others in steps
 * of p, and all are put down by sub-block (hits.h). Nothing is kept of a prime from span to span. Memory: four bytes
 * for each hit, 8 * 6/7 * (log log sqrt(end) - log log segment) hits for each byte of the span, at most 4.
 *
 * The multiples p (30 b + s) of p by cofactors of residue s lie in bytes p b + (p s - 7) / 30, which repeat every p
 * bytes. With S the span's first byte, their distances from S are (p s - 7) / 30 - S modulo p, and so on in steps of
 * p.
 */
#ifndef PERFPY_PRIMES_LARGE_H
#define PERFPY_PRIMES_LARGE_H

#include "bits.h"
#include "hits.h"
#include "window.h"

enum {
    LARGE_PIECE = 1024,   /* bytes of the wheel whose primes are worked on at a time */
    LARGE_PRIME_COST = 3, /* nanoseconds */
    LARGE_HIT_COST = 3,
};

struct large {
    struct run *run;
    struct hits *hits;
    uint64_t first; /* byte that the span starts at */
    uint32_t bytes; /* of the span */
    uint32_t primes[8 * LARGE_PIECE + BITS_SLACK];
};

#define LARGE_OFFSET(prime, j) (uint32_t)(((uint64_t)(prime) * wheel_residues[j] - 7) / 30)

/* A prime that may hit each residue more than once: block by block, without the cofactors that 7 divides, in a row
 * for each remainder modulo 7 of the block's number. Hits in front of the span are negative, so large when unsigned. */
static void large_dense(struct large *large, uint32_t prime)
{
    const uint32_t least = (prime - 7) / 30; /* smaller cofactors have smaller prime factors */
    const uint64_t present = large->first / prime;
    const uint64_t block = present > least + 1 ? present - 1 : least; /* the last hit of a block is in the next one */
    const int i = wheel_class(prime);
    uint32_t base = (uint32_t)(block * prime - large->first) << 3;
    const uint32_t limit = large->bytes << 3, step = prime << 3;
    uint32_t offsets[8];
    for (int j = 0; j < 8; j++)
        offsets[j] = LARGE_OFFSET(prime, j) << 3 | WHEEL_BIT(i, j);
    if (block * prime >= large->first + large->bytes)
        return;
    struct hits *const hits = large->hits;
#define ADD(j)                           \
    if (base + offsets[j] < limit)       \
        hits_add(hits, base + offsets[j]);
#define NEXT_ROW                          \
    base += step;                         \
    if ((int32_t)base >= (int32_t)limit) \
        return;
    switch (block % 7)
        for (;;) {
        case 0: /* fall through */
            ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7) NEXT_ROW
            __attribute__((fallthrough));
        case 1:
            ADD(0) ADD(1) ADD(2) ADD(3) ADD(5) ADD(6) ADD(7) NEXT_ROW
            __attribute__((fallthrough));
        case 2:
            ADD(0) ADD(1) ADD(2) ADD(4) ADD(5) ADD(6) NEXT_ROW
            __attribute__((fallthrough));
        case 3:
            ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(7) NEXT_ROW
            __attribute__((fallthrough));
        case 4:
            ADD(0) ADD(1) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7) NEXT_ROW
            __attribute__((fallthrough));
        case 5:
            ADD(0) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6) ADD(7) NEXT_ROW
            __attribute__((fallthrough));
        default:
            ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(6) ADD(7) NEXT_ROW
        }
#undef ADD
#undef NEXT_ROW
}

/* Primes larger than the span, whose squares are therefore in front of its end only if they are themselves in front
 * of its start. Of cofactor 31 and cofactor 1 of the next block, which are the same, the latter is taken. */
static void large_sparse(struct large *large, const uint32_t *primes, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const uint32_t prime = primes[k], start = (uint32_t)(large->first % prime);
        const int i = wheel_class(prime);
        for (int j = 0; j < 8; j++) {
            const uint32_t offset = j == 7 ? (prime - 7) / 30 : LARGE_OFFSET(prime, j);
            const uint32_t byte = offset - start + (offset < start ? prime : 0);
            if (byte < large->bytes)
                hits_add(large->hits, byte << 3 | WHEEL_BIT(i, j));
        }
    }
}

static void large_one_by_one(struct large *large, const uint32_t *primes, size_t count)
{
    size_t k = 0;
    while (k < count && primes[k] <= large->bytes)
        large_dense(large, primes[k++]);
    large_sparse(large, primes + k, count - k);
}

#ifdef __AVX512DQ__
#include "large_avx512.h"
#else
#define large_primes large_one_by_one
#endif

/* Consumer of the sieve that finds the large primes. */
static enum sieve_status large_segment(void *context, uint8_t *bytes, size_t length, uint64_t first)
{
    struct large *large = context;
    for (size_t done = 0; done < length; done += LARGE_PIECE) {
        const size_t piece = length - done < LARGE_PIECE ? length - done : LARGE_PIECE;
        struct bits_list list = {large->primes, large->primes + 8 * LARGE_PIECE + BITS_SLACK, false};
        bits_append(&list, bytes + done, (piece + 7) / 8 * 8, first + done, large->run->machine->byte_compress);
        const size_t count = (size_t)((uint32_t *)list.next - large->primes);
        large_primes(large, large->primes, count);
        const uint32_t per_prime = count ? large->bytes / large->primes[0] * 8 : 0;
        if (large->hits->failed)
            return SIEVE_NO_MEMORY;
        if (stop_after(large->run, (long)count * (LARGE_PRIME_COST + (long)per_prime * LARGE_HIT_COST)))
            return SIEVE_INTERRUPTED;
    }
    return SIEVE_DONE;
}

#endif
