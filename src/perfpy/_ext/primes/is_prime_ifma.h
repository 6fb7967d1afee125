/* The stages of is_prime_array.c with AVX-512 and its 52-bit multiply-add: 8 numbers to a vector, two vectors in step.
 *
 * A residue a modulo n < 2**64 is kept as a * 2**104 mod n in two limbs, low + 2**52 high. Of `low` the instructions read
 * 52 bits, so what is above may stay if it was also added to `high`. Residues are reduced lazily: Montgomery's product of
 * a and b is less than n + a b / 2**104, so factors up to 4 n give less than n + 2**28, and a sum of two residues may be
 * multiplied as it is.
 */
#ifndef PERFPY_PRIMES_IS_PRIME_IFMA_H
#define PERFPY_PRIMES_IS_PRIME_IFMA_H

#include <immintrin.h>
#include <string.h>

#include "is_prime.h"

enum { LANES = 16, VECTORS = LANES / 8 };

struct limbs {
    __m512i low, high;
};

struct modulus {
    __m512i n;         /* as one number */
    struct limbs part; /* and in limbs */
    __m512i inverse;   /* -1 / n mod 2**52 */
};

#define MADD_LOW(sum, a, b) _mm512_madd52lo_epu64(sum, a, b)
#define MADD_HIGH(sum, a, b) _mm512_madd52hi_epu64(sum, a, b)

static inline __m512i over_52(__m512i limb)
{
    return _mm512_srli_epi64(limb, 52);
}

static inline struct limbs split(__m512i a)
{
    return (struct limbs){a, over_52(a)};
}

/* For add(): the low limb without what is above its 52 bits, which would be carried again. */
static inline struct limbs summand(__m512i a)
{
    return (struct limbs){_mm512_and_si512(a, _mm512_set1_epi64((INT64_C(1) << 52) - 1)), over_52(a)};
}

/* Two steps of Montgomery's reduction, each of which makes the lowest 52 bits zero. */
static inline struct limbs reduce(__m512i t0, __m512i t1, __m512i t2, __m512i t3, const struct modulus *m)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i q0 = MADD_LOW(zero, t0, m->inverse);
    t0 = MADD_LOW(t0, q0, m->part.low);
    t1 = MADD_HIGH(t1, q0, m->part.low);
    t1 = MADD_LOW(t1, q0, m->part.high);
    t1 = _mm512_add_epi64(t1, over_52(t0));
    t2 = MADD_HIGH(t2, q0, m->part.high);
    const __m512i q1 = MADD_LOW(zero, t1, m->inverse);
    t1 = MADD_LOW(t1, q1, m->part.low);
    t2 = MADD_HIGH(t2, q1, m->part.low);
    t2 = MADD_LOW(t2, q1, m->part.high);
    t2 = _mm512_add_epi64(t2, over_52(t1));
    t3 = MADD_HIGH(t3, q1, m->part.high);
    return (struct limbs){t2, t3}; /* low is still to be carried over */
}

static inline struct limbs carry(struct limbs a)
{
    return (struct limbs){a.low, _mm512_add_epi64(a.high, over_52(a.low))};
}

/* Before the last carry. */
static inline struct limbs square(struct limbs a, const struct modulus *m)
{
    const __m512i zero = _mm512_setzero_si512(), twice = _mm512_add_epi64(a.high, a.high);
    const __m512i t0 = MADD_LOW(zero, a.low, a.low);
    const __m512i t1 = MADD_LOW(MADD_HIGH(zero, a.low, a.low), a.low, twice);
    const __m512i t2 = MADD_LOW(MADD_HIGH(zero, a.low, twice), a.high, a.high);
    return reduce(t0, t1, t2, zero, m);
}

static inline struct limbs multiply(struct limbs a, struct limbs b, const struct modulus *m)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i t0 = MADD_LOW(zero, a.low, b.low);
    const __m512i t1 = MADD_LOW(MADD_LOW(MADD_HIGH(zero, a.low, b.low), a.low, b.high), a.high, b.low);
    const __m512i t2 = MADD_LOW(MADD_HIGH(MADD_HIGH(zero, a.low, b.high), a.high, b.low), a.high, b.high);
    return reduce(t0, t1, t2, zero, m);
}

/* `a` before the last carry, `b` from summand(). */
static inline struct limbs add(struct limbs a, struct limbs b)
{
    return carry((struct limbs){_mm512_add_epi64(a.low, b.low), _mm512_add_epi64(a.high, b.high)});
}

static inline struct limbs choose(__mmask8 second, struct limbs a, struct limbs b)
{
    return (struct limbs){_mm512_mask_mov_epi64(a.low, second, b.low), _mm512_mask_mov_epi64(a.high, second, b.high)};
}

/* The residue itself, less than n, of a carried value less than 2 n. */
static inline __m512i canonical(struct limbs a, const struct modulus *m)
{
    const __m512i low = _mm512_and_si512(a.low, _mm512_set1_epi64((INT64_C(1) << 52) - 1));
    const __m512i value = _mm512_or_si512(low, _mm512_slli_epi64(a.high, 52));
    const __mmask8 large = _mm512_cmpge_epu64_mask(value, m->n) | _mm512_test_epi64_mask(a.high, _mm512_set1_epi64(-4096));
    return _mm512_mask_sub_epi64(value, large, value, m->n);
}

static inline __m512i add_mod(__m512i a, __m512i b, __m512i n)
{
    const __m512i room = _mm512_sub_epi64(n, b);
    return _mm512_mask_sub_epi64(_mm512_add_epi64(a, b), _mm512_cmpge_epu64_mask(a, room), a, room);
}

static inline struct modulus modulus_of(const uint64_t n[8])
{
    struct modulus m = {.n = _mm512_loadu_si512(n)};
    m.part = split(m.n);
    const __m512i two = _mm512_set1_epi64(2);
    __m512i inverse = _mm512_xor_si512(_mm512_add_epi64(m.n, _mm512_add_epi64(m.n, m.n)), two); /* right in 5 bits */
    for (int bits = 5; bits < 52; bits *= 2)
        inverse = _mm512_mullo_epi64(inverse, _mm512_sub_epi64(two, _mm512_mullo_epi64(m.n, inverse)));
    m.inverse = _mm512_sub_epi64(_mm512_setzero_si512(), inverse);
    return m;
}

/* 2**104 mod n, the form of 1: r = 2**64 mod n by division, then r * 2**40 - q * n where q is the quotient in doubles,
 * made a little smaller so that it is exact or one too small. */
static inline __m512i form_of_1(const uint64_t n[8], const struct modulus *m)
{
    uint64_t power[8];
    for (int k = 0; k < 8; k++)
        power[k] = (0 - n[k]) % n[k];
    const __m512i r = _mm512_loadu_si512(power), zero = _mm512_setzero_si512();
    const __m512d scaled = _mm512_mul_pd(_mm512_cvtepu64_pd(r), _mm512_set1_pd(0x1p40 * (1 - 0x1p-50)));
    const __m512i q = _mm512_cvttpd_epu64(_mm512_div_pd(scaled, _mm512_cvtepu64_pd(m->n)));
    const __m512i low = _mm512_and_si512(_mm512_slli_epi64(r, 40), _mm512_set1_epi64((INT64_C(1) << 52) - 1));
    const __m512i difference = _mm512_sub_epi64(low, MADD_LOW(zero, q, m->part.low));
    const __m512i product = MADD_LOW(MADD_HIGH(zero, q, m->part.low), q, m->part.high);
    const __m512i high = _mm512_sub_epi64(_mm512_srli_epi64(r, 12), product);
    return canonical((struct limbs){difference, _mm512_add_epi64(high, _mm512_srai_epi64(difference, 52))}, m);
}

/* The lanes whose bit is set, as a mask. */
static inline __mmask8 lanes_with(__m512i n, int bit)
{
    return _mm512_test_epi64_mask(n, _mm512_set1_epi64((int64_t)(UINT64_C(1) << bit)));
}

/* The lowest bit that is set, alone. */
static inline __m512i lowest_bit(__m512i n)
{
    return _mm512_and_si512(n, _mm512_sub_epi64(_mm512_setzero_si512(), n));
}

static inline int bits_of(uint64_t n)
{
    return 64 - __builtin_clzll(n);
}

struct base_2 {
    struct modulus m;
    struct limbs power;
    __m512i one, minus_one, lowest; /* of n - 1 */
    __mmask8 passed;
};

/* The power for `bit`, from its square root's square, and what it says. */
static inline void compare_power(struct base_2 *t, int bit, __mmask8 set, __m512i squared)
{
    const __m512i n = t->m.n, power = _mm512_mask_mov_epi64(squared, set, add_mod(squared, squared, n));
    const __m512i here = _mm512_set1_epi64((int64_t)(UINT64_C(1) << bit));
    t->passed |= _mm512_cmpge_epu64_mask(t->lowest, here) & _mm512_cmpeq_epi64_mask(power, t->minus_one);
    t->passed |= _mm512_cmpeq_epi64_mask(t->lowest, here) & _mm512_cmpeq_epi64_mask(power, t->one);
    t->power = split(power);
}

static void base_2_in_step(const uint64_t n[LANES], uint8_t passed[LANES])
{
    struct base_2 test[VECTORS];
    uint64_t all = 0, twos = 0;
    for (int k = 0; k < LANES; k++) {
        all |= n[k];
        twos |= (n[k] - 1) & (1 - n[k]);
    }
    for (int k = 0; k < VECTORS; k++) {
        struct base_2 *t = &test[k];
        t->m = modulus_of(n + 8 * k);
        t->one = form_of_1(n + 8 * k, &t->m);
        t->minus_one = _mm512_sub_epi64(t->m.n, t->one);
        t->lowest = lowest_bit(_mm512_sub_epi64(t->m.n, _mm512_set1_epi64(1)));
        t->power = split(t->one);
        t->passed = 0;
    }
    const int last = bits_of(twos) - 1;
    for (int bit = bits_of(all) - 1; bit > 0; bit--) /* power = 2^((n - 1) >> bit) */
        for (int k = 0; k < VECTORS; k++) {
            struct base_2 *t = &test[k];
            const __mmask8 set = lanes_with(t->m.n, bit);
            struct limbs power = square(t->power, &t->m);
            if (bit <= last) {
                compare_power(t, bit, set, canonical(carry(power), &t->m));
                continue;
            }
            power.low = _mm512_mask_add_epi64(power.low, set, power.low, power.low);
            power.high = _mm512_mask_add_epi64(power.high, set, power.high, power.high);
            t->power = carry(power);
        }
    for (int k = 0; k < LANES; k++)
        passed[k] = test[k / 8].passed >> k % 8 & 1;
}

struct lucas {
    struct modulus m;
    struct limbs v, next;
    __m512i index, lowest; /* n + 1, and its lowest bit */
    __m512i two, p, minus_two, minus_p;
    struct limbs add_minus_two, add_minus_p;
    __mmask8 passed;
};

/* The V for `bit`, and what they say. */
static inline void compare_lucas(struct lucas *t, int bit, __m512i v, __m512i next)
{
    const __m512i here = _mm512_set1_epi64((int64_t)(UINT64_C(1) << bit));
    const __mmask8 plus = _mm512_cmpeq_epi64_mask(v, t->two) & _mm512_cmpeq_epi64_mask(next, t->p);
    const __mmask8 minus =
        _mm512_cmpeq_epi64_mask(v, t->minus_two) & _mm512_cmpeq_epi64_mask(next, t->minus_p);
    t->passed |= _mm512_cmpeq_epi64_mask(t->lowest, here) & (plus | minus);
    if (bit > 1)
        t->passed |= _mm512_cmpge_epu64_mask(t->lowest, here) & _mm512_testn_epi64_mask(v, v);
    t->v = split(v);
    t->next = split(next);
}

static void lucas_in_step(const uint64_t n[LANES], const uint64_t parameter[LANES], uint8_t passed[LANES])
{
    struct lucas test[VECTORS];
    uint64_t all = 0, twos = 0, largest = 0;
    for (int k = 0; k < LANES; k++) {
        all |= n[k] + 1;
        twos |= (n[k] + 1) & (0 - (n[k] + 1));
        largest = parameter[k] > largest ? parameter[k] : largest;
    }
    for (int k = 0; k < VECTORS; k++) {
        struct lucas *t = &test[k];
        t->m = modulus_of(n + 8 * k);
        const __m512i one = form_of_1(n + 8 * k, &t->m), wanted = _mm512_loadu_si512(parameter + 8 * k);
        t->p = t->two = add_mod(one, one, t->m.n);
        for (uint64_t i = 2; i < largest; i++)
            t->p = _mm512_mask_mov_epi64(t->p, _mm512_cmpgt_epu64_mask(wanted, _mm512_set1_epi64((int64_t)i)),
                                         add_mod(t->p, one, t->m.n));
        t->minus_two = _mm512_sub_epi64(t->m.n, t->two);
        t->minus_p = _mm512_sub_epi64(t->m.n, t->p);
        t->add_minus_two = summand(t->minus_two);
        t->add_minus_p = summand(t->minus_p);
        t->v = split(t->two);
        t->next = split(t->p);
        t->index = _mm512_add_epi64(t->m.n, _mm512_set1_epi64(1));
        t->lowest = lowest_bit(t->index);
        t->passed = 0;
    }
    const int last = bits_of(twos) - 1;
    for (int bit = bits_of(all) - 1; bit > 0; bit--) /* v = V_j, next = V_(j + 1), j = (n + 1) >> bit */
        for (int k = 0; k < VECTORS; k++) {
            struct lucas *t = &test[k];
            const __mmask8 set = lanes_with(t->index, bit);
            struct limbs odd = multiply(t->v, t->next, &t->m);
            struct limbs even = square(choose(set, t->v, t->next), &t->m);
            if (bit <= last) {
                const __m512i v_odd = add_mod(canonical(carry(odd), &t->m), t->minus_p, t->m.n);
                const __m512i v_even = add_mod(canonical(carry(even), &t->m), t->minus_two, t->m.n);
                compare_lucas(t, bit, _mm512_mask_mov_epi64(v_even, set, v_odd),
                              _mm512_mask_mov_epi64(v_odd, set, v_even));
                continue;
            }
            odd = add(odd, t->add_minus_p);
            even = add(even, t->add_minus_two);
            t->v = choose(set, even, odd);
            t->next = choose(set, odd, even);
        }
    for (int k = 0; k < LANES; k++)
        passed[k] = test[k / 8].passed >> k % 8 & 1;
}

/* Settles small and even numbers and multiples of trial primes, in `out`; what is left goes to `left` with its place.
 * Returns how many are left. Vectors are thinned out between groups of primes. */
static size_t divide_by_trial_primes(const struct prime_tables *tables, const uint64_t *n, size_t count, uint8_t *out,
                                     uint64_t *left, size_t *place)
{
    static const int group_end[] = {4, 14, TRIAL_PRIMES};
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (n[i] < SMALL_LIMIT)
            out[i] = (uint8_t)small_is_prime(tables, n[i]);
        left[kept] = n[i];
        place[kept] = i;
        kept += n[i] >= SMALL_LIMIT && n[i] & 1;
    }
    for (int group = 0, k = 0; group < 3; k = group_end[group++]) {
        size_t after = 0;
        for (size_t i = 0; i < kept; i += 8) {
            const __m512i v = _mm512_loadu_si512(left + i), where = _mm512_loadu_si512(place + i);
            __mmask8 alive = kept - i >= 8 ? 0xff : (__mmask8)((1u << (kept - i)) - 1);
            for (int j = k; j < group_end[group]; j++) {
                const __m512i quotient = _mm512_mullo_epi64(v, _mm512_set1_epi64((int64_t)tables->inverse[j]));
                alive &= _mm512_cmpgt_epu64_mask(quotient, _mm512_set1_epi64((int64_t)tables->limit[j]));
            }
            _mm512_storeu_si512(left + after, _mm512_maskz_compress_epi64(alive, v));
            _mm512_storeu_si512(place + after, _mm512_maskz_compress_epi64(alive, where));
            after += (unsigned)__builtin_popcount(alive);
        }
        kept = after;
    }
    return kept;
}

#endif
