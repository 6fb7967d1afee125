/* The inverse of Riemann's prime-counting function R by Newton's method.
 *
 * R(x) = 1 + sum over k >= 1 of log(x)^k / (k k! zeta(k + 1))   (Gram's series; Riesel, "Prime Numbers and Computer
 * Methods for Factorization", 2nd ed., p. 51) differs from pi(x) by about sqrt(x) / log(x), and its derivative is close to
 * 1 / log(x). The terms are positive, so doubles lose a few units in the last place, far less than that. About
 * 3 log(x) terms in each of three iterations.
 */
#include "count_nth.h"

#include <math.h>

enum { TERMS = 256 }; /* log(2**64) is 44.4: from k = 160 on they vanish */

/* factor[k] = 1 / (k zeta(k + 1)). Euler's product up to the prime 13 is enough: what it leaves out is 17^-(k + 1), which
 * moves R(2**64) by less than 1. */
static void fill_factors(double factor[TERMS])
{
    static const double primes[] = {2, 3, 5, 7, 11, 13};
    double power[] = {0.5, 1.0 / 3, 0.2, 1.0 / 7, 1.0 / 11, 1.0 / 13};
    for (int k = 1; k < TERMS; k++) {
        double inverse_zeta = 1.0;
        for (int i = 0; i < 6; i++) {
            power[i] /= primes[i];
            inverse_zeta *= 1.0 - power[i];
        }
        factor[k] = inverse_zeta / k;
    }
}

static double riemann_r(double x, const double factor[TERMS])
{
    const double logarithm = log(x);
    double power = 1.0, sum = 1.0; /* power = log(x)^k / k! */
    for (int k = 1; k < TERMS; k++) {
        power *= logarithm / k;
        const double term = power * factor[k];
        sum += term;
        if (k > logarithm && term < sum * 1e-17)
            break;
    }
    return sum;
}

uint64_t perfpy_count_estimate_nth(uint64_t n)
{
    static const uint64_t first[] = {2, 2, 3, 5, 7, 11};
    if (n < sizeof first / sizeof *first)
        return first[n];
    double factor[TERMS];
    fill_factors(factor);
    const double target = (double)n, logarithm = log(target);
    double x = target * (logarithm + log(logarithm) - 1.0); /* within some percent */
    if (x < 2.0)
        x = 2.0;
    for (int iteration = 0; iteration < 4; iteration++) {
        const double step = (target - riemann_r(x, factor)) * log(x);
        x = x + step > 2.0 ? x + step : 2.0;
        if (fabs(step) < 1e-8 * x)
            break; /* the next one would change x by its square */
    }
    return x < 18446744073709551615.0 ? (uint64_t)x : UINT64_MAX;
}
