/* Pre-sieving: the multiples of the primes up to 163 come ready-made.
 *
 * In wheel bytes the multiples of p repeat every p bytes, those of p and q every p q bytes. One table for each of 16
 * groups of primes holds one period; a sieve starts as the AND of all tables, 16 vector loads for 64 bytes, in place
 * of the crossing-off that would be most of the work (the sum of 8 / p over these primes is about 3 per byte).
 */
#ifndef PERFPY_PRIMES_PRESIEVE_H
#define PERFPY_PRIMES_PRESIEVE_H

#include <stddef.h>
#include <stdint.h>

enum {
    PRESIEVE_TABLES = 16,
    PRESIEVE_LAST_PRIME = 163, /* the next is 167 */
    PRESIEVE_BLOCK = 1024,     /* sieves are pre-sieved by whole blocks; less than any period */
};

struct presieve_table {
    uint32_t period;
    const uint8_t *bytes; /* a period and a block, so that a block can start anywhere in the period */
};

struct presieve {
    struct presieve_table tables[PRESIEVE_TABLES];
    uint8_t *storage;
};

/* Builds the tables, about 140 KB; returns 0, or -1 without memory. Read-only afterwards. */
int perfpy_presieve_init(struct presieve *presieve);
void perfpy_presieve_clear(struct presieve *presieve);

/* Marks the pre-sieved primes themselves, which their tables cross off, in `bytes` of a sieve that starts at byte
 * `first`. */
void perfpy_presieve_restore(uint8_t *bytes, size_t length, uint64_t first);

#endif
