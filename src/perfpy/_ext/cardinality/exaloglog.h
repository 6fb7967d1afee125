/* Registers of ExaLogLog; `python` in perfpy/techniques/cardinality defines the same.
 *
 * The lowest 2 bits of a hash and the zeros that it begins with are its value, from 1 on, of which four in a row have
 * the same probability; the bits above the lowest 2 choose a register. That keeps the highest value that was put there,
 * and which of the 20 below it were. Two registers of 28 bits are in 7 bytes.
 */
#ifndef PERFPY_EXALOGLOG_H
#define PERFPY_EXALOGLOG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    EXALOGLOG_BITS = 28,   /* of a register */
    EXALOGLOG_WINDOW = 20, /* values below the highest that it knows of */
    EXALOGLOG_LEVELS = 61, /* from 0 to 60: a value of level j has the probability 2**-j in its register */
};

/* Of a register, where its highest value would be in the window, and the window. */
#define EXALOGLOG_TOP ((uint32_t)1 << EXALOGLOG_WINDOW)
#define EXALOGLOG_WINDOW_MASK (EXALOGLOG_TOP - 1)

static inline size_t exaloglog_bytes(int precision)
{
    return ((size_t)EXALOGLOG_BITS << precision) / 8;
}

static inline uint32_t exaloglog_load_word(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    return word;
}

/* A register: its highest value above its window. The four bytes that are read are those of the registers, also of the
 * last one, as there is an even number of them. */
static inline uint32_t exaloglog_load(const uint8_t *content, size_t index)
{
    return exaloglog_load_word(content + 7 * index / 2) >> 4 * (index & 1) & (((uint32_t)1 << EXALOGLOG_BITS) - 1);
}

/* Sums up what the registers say about the number of keys: adds to occurred[j] how many values of level j were put
 * there; returns the sum of the probabilities of all values that were not, as multiples of the smallest one. At least
 * one register must not be empty, or that sum has 65 bits. */
uint64_t perfpy_exaloglog_evidence(const uint8_t *content, int precision, uint64_t *occurred);

#endif
