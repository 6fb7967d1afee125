/* Easy leaves: sums of pi(x / (p q)) over primes q from a table of pi, 8 to a step with AVX-512.
 *
 * For p > sqrt(y) the leaves of b are the primes q in (p, y]. With n = x div p and s = sqrt(n), the sum of pi(n / q)
 * over primes q counts the pairs of primes with product <= n, so beyond s it is counted by the other factor l instead:
 * l <= n / q_max pairs with every q in (s, q_max], and an l in (n / q_max, s] with pi(n / l) - pi(s) of them. The first
 * is a product, and the second sum was had already, for q = l. That halves the leaves, and those that are left are not
 * dense enough for runs of equal pi. (The l <= n / q_max begin no earlier than the easy q: n / q_max >= n / y > n / p^2,
 * where the hard ones end, and n / q_max >= p.) Quotients are products with inverses, see COUNT_BY_INVERSE.
 *
 * Time: about x^(2/3) / log(x)^2 look-ups.
 */
#include "leaves.h"
#include "leaves_vector.h"

/* Sum of pi(n div prime[b]) over first < b <= last; every quotient is >= 2 and within the table. */
static uint64_t sum_pi_exact(const struct count_plan *plan, uint64_t n, size_t first, size_t last)
{
    uint64_t sum = 0;
    for (size_t b = first + 1; b <= last; b++)
        sum += count_pi(plan->pi, n / plan->prime[b]);
    return sum;
}

#ifdef __AVX512BW__
static uint64_t sum_pi(const struct count_plan *plan, uint64_t n, size_t first, size_t last)
{
    if (n >= COUNT_BY_INVERSE)
        return sum_pi_exact(plan, n, first, last);
    const __m512d numerator = _mm512_set1_pd((double)n + 0.5), one = _mm512_set1_pd(1.0);
    const __m512i index = _mm512_set1_epi64(31), two = _mm512_set1_epi64(2), ones = _mm512_set1_epi64(-1);
    __m512i before = _mm512_setzero_si512(), within = _mm512_setzero_si512();
    for (size_t b = first + 1; b <= last; b += 8) {
        const size_t left = last - b + 1;
        const __mmask8 lanes = left >= 8 ? 0xff : (__mmask8)((1u << left) - 1);
        const __m512d inverse = _mm512_loadu_pd(plan->inverse + b);
        const __m512i v = _mm512_cvttpd_epi64(_mm512_fmsub_pd(numerator, inverse, one)); /* quotient - 1 */
        const __m512i word = _mm512_srli_epi64(v, 6), bit = _mm512_and_si512(_mm512_srli_epi64(v, 1), index);
        const __m512i entry = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), lanes, word, plan->pi, 8);
        const __m512i keep = _mm512_add_epi64(_mm512_sllv_epi64(two, bit), ones);
        before = _mm512_add_epi64(before, _mm512_srli_epi64(entry, 32));
        within = _mm512_add_epi64(within, popcount8(_mm512_and_si512(entry, keep)));
    }
    return (uint64_t)_mm512_reduce_add_epi64(_mm512_add_epi64(before, within));
}
#else
static uint64_t sum_pi(const struct count_plan *plan, uint64_t n, size_t first, size_t last)
{
    enum { BLOCK = 64 };
    if (n >= COUNT_BY_INVERSE)
        return sum_pi_exact(plan, n, first, last);
    const double numerator = (double)n + 0.5;
    double quotient[BLOCK];
    uint64_t sum = 0;
    for (size_t b = first + 1; b <= last; b += BLOCK) {
        const size_t count = last - b + 1 < BLOCK ? last - b + 1 : BLOCK;
        for (size_t k = 0; k < count; k++)
            quotient[k] = numerator * plan->inverse[b + k];
        for (size_t k = 0; k < count; k++)
            sum += count_pi(plan->pi, (uint64_t)(int64_t)quotient[k]);
    }
    return sum;
}
#endif

/* The leaves with hard < index of q <= easy, where q <= q_max: the sum of their phi = pi(v) - b + 2. */
static uint64_t easy_leaves(const struct count_plan *plan, size_t b, size_t hard, size_t easy, uint64_t q_max)
{
    const uint64_t n = plan->x / plan->prime[b], s = perfpy_count_isqrt(n);
    const uint64_t count = easy - hard;
    uint64_t sum;
    if (q_max > s) {
        const size_t paired = (size_t)count_pi(plan->pi, n / q_max), root = (size_t)count_pi(plan->pi, s);
        sum = sum_pi(plan, n, hard, paired) + 2 * sum_pi(plan, n, paired, root);
        sum += (uint64_t)paired * (easy - root) - (uint64_t)(root - paired) * root;
    } else {
        sum = sum_pi(plan, n, hard, easy);
    }
    return sum - count * (b - 2);
}

static uint64_t leaves_of(const struct count_plan *plan, size_t b)
{
    const uint64_t p = plan->prime[b], easy_last = plan->x / p / p, hard_last = easy_last / p;
    size_t hard = hard_last >= plan->y ? plan->a : (size_t)count_pi(plan->pi, hard_last);
    size_t easy = easy_last >= plan->y ? plan->a : (size_t)count_pi(plan->pi, easy_last);
    if (hard < b)
        hard = b;
    if (easy < hard)
        easy = hard;
    const uint64_t trivial = plan->a - easy;
    return easy > hard ? trivial + easy_leaves(plan, b, hard, easy, easy_last < plan->y ? easy_last : plan->y)
                       : trivial;
}

enum count_status KERNEL_EASY(const struct count_plan *plan, size_t first, size_t step, uint64_t *sum,
                              const struct perfpy_interrupt *interrupt)
{
    size_t leaves = 0; /* at most, since the last question */
    for (size_t b = first; b <= plan->b_cbrt_x; b += step) {
        *sum += leaves_of(plan, b);
        leaves += plan->a - b + 64;
        if (leaves > 4000000) {
            leaves = 0;
            if (interrupt->requested(interrupt->context))
                return COUNT_INTERRUPTED;
        }
    }
    return COUNT_DONE;
}
