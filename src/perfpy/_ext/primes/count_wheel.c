/* Fills the tables of the counting sieve. */
#include "count_wheel.h"

static void clear_multiples(uint8_t *bytes, size_t size, unsigned p)
{
    for (unsigned j = 0; j < 8; j++) {
        const unsigned multiple = p * wheel_residue[j];
        for (size_t at = multiple / WHEEL; at < size; at += p)
            bytes[at] &= (uint8_t) ~(1u << wheel_bit[multiple % WHEEL]);
    }
}

static void fill_phi(struct count_tables *tables)
{
    uint16_t count = 0;
    for (unsigned r = 0; r < PRIMORIAL; r++) {
        const unsigned residue = r % WHEEL;
        if (residue == wheel_residue[wheel_bit[residue]])
            count += tables->low[r / WHEEL] >> wheel_bit[residue] & 1;
        tables->phi[r] = count;
    }
}

void perfpy_count_tables_fill(struct count_tables *tables)
{
    memset(tables, 0, sizeof *tables);
    memset(tables->low, 0xff, sizeof tables->low);
    memset(tables->high, 0xff, sizeof tables->high);
    clear_multiples(tables->low, LOW_PATTERN, 7);
    clear_multiples(tables->low, LOW_PATTERN, 11);
    clear_multiples(tables->low, LOW_PATTERN, 13);
    clear_multiples(tables->high, HIGH_PATTERN, 17);
    clear_multiples(tables->high, HIGH_PATTERN, 19);
    fill_phi(tables);
    for (unsigned r = 0; r < WHEEL; r++)
        for (unsigned j = 0; j < 8; j++)
            tables->bits_upto[r] += wheel_residue[j] <= r;
    for (unsigned n = 0; n <= 8; n++) {
        memset(tables->mask + n * MASK_STRIDE, 0xff, LINE - 1);
        tables->mask[n * MASK_STRIDE + LINE - 1] = (uint8_t)((1u << n) - 1);
    }
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned j = 0; j < 8; j++)
            tables->odd_bits[byte] |= (uint16_t)((byte >> j & 1u) << (wheel_residue[j] / 2));
}
