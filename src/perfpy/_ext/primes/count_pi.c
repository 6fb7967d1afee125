/* The table of pi(v) for small v: a sieve in segments, turned into words that hold 32 odd numbers and a count.
 *
 * n log log n crossings, one look-up of a table for each 30 numbers, 8 bytes per 64 numbers.
 */
#include "count_plan.h"

#include <stdlib.h>

enum { SEGMENT = 32768, ROOT_LIMIT = 65536 }; /* primes up to the root of 2**32 sieve any table */

/* Segmented: the blocks of a prime that straddle the end are crossed again in the next segment. */
struct sieve {
    size_t count, size; /* how many primes, bytes of a segment */
    uint32_t prime[6600]; /* pi(65536) = 6542 */
    int32_t at[6600];
    uint8_t bytes[ROOT_LIMIT + SEGMENT + ROOT_LIMIT + 64]; /* blocks write past both ends */
};

static void find_primes(struct sieve *sieve, uint32_t root)
{
    uint8_t *composite = sieve->bytes; /* of the odd numbers; not yet used for anything else */
    memset(composite, 0, root / 2 + 1);
    for (uint32_t n = 3; n <= root; n += 2) {
        if (composite[n / 2])
            continue;
        if (n > PRESIEVED_LARGEST) {
            sieve->prime[sieve->count] = n;
            sieve->at[sieve->count++] = (int32_t)(n * (n / WHEEL)); /* the block of n * n */
        }
        if (n < 256)
            for (uint32_t multiple = n * n; multiple <= root; multiple += 2 * n)
                composite[multiple / 2] = 1;
    }
}

static void sieve_segment(struct sieve *sieve, const struct count_tables *tables, uint64_t first)
{
    uint8_t *bytes = sieve->bytes + ROOT_LIMIT;
    const ptrdiff_t size = (ptrdiff_t)sieve->size;
    wheel_fill(tables, bytes, sieve->size, first);
    for (size_t k = 0; k < sieve->count; k++) {
        const uint32_t p = sieve->prime[k];
        ptrdiff_t at = sieve->at[k];
        if (at < size)
            at = wheel_cross(bytes, at, size, p) - (ptrdiff_t)p;
        sieve->at[k] = (int32_t)(at - size);
    }
    if (first == 0)
        bytes[0] = 0xfe; /* the primes from 7 to 29; 1 is none */
}

/* Appends 15 bits per byte to words of 32. */
struct packer {
    uint64_t *table, *end;
    uint64_t bits, before;
    unsigned filled;
};

static void pack(struct packer *packer, const struct count_tables *tables, const uint8_t *bytes, size_t size)
{
    for (size_t k = 0; k < size && packer->table < packer->end; k++) {
        packer->bits |= (uint64_t)tables->odd_bits[bytes[k]] << packer->filled;
        packer->filled += 15;
        if (packer->filled >= 32) {
            const uint32_t word = (uint32_t)packer->bits;
            *packer->table++ = packer->before << 32 | word;
            packer->before += (unsigned)__builtin_popcount(word);
            packer->bits >>= 32;
            packer->filled -= 32;
        }
    }
}

uint64_t *perfpy_count_build_pi(const struct count_tables *tables, uint64_t max, enum count_status *status,
                                const struct perfpy_interrupt *interrupt)
{
    const size_t words = max / 64 + 1;
    uint64_t *table = malloc(words * sizeof *table);
    struct sieve *sieve = malloc(sizeof *sieve);
    *status = COUNT_NO_MEMORY;
    if (!table || !sieve)
        goto fail;
    sieve->count = 0;
    sieve->size = words * 64 / WHEEL + 2 < SEGMENT ? words * 64 / WHEEL + 2 : SEGMENT;
    find_primes(sieve, (uint32_t)perfpy_count_isqrt(words * 64));
    struct packer packer = {table, table + words, 0, 0, 0};
    for (uint64_t first = 0; packer.table < packer.end; first += sieve->size) {
        *status = COUNT_INTERRUPTED;
        if (first % (64 * sieve->size) == 0 && interrupt->requested(interrupt->context))
            goto fail;
        sieve_segment(sieve, tables, first);
        if (first == 0)
            packer.bits = 1u << 0 | 1u << 1 | 1u << 2; /* 2, in the place of 1, and 3 and 5 */
        pack(&packer, tables, sieve->bytes + ROOT_LIMIT, sieve->size);
    }
    free(sieve);
    *status = COUNT_DONE;
    return table;
fail:
    free(sieve);
    free(table);
    return NULL;
}
