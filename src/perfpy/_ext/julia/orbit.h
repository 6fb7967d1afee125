/* The rounding of orbits, and what is known about it.
 *
 * Notation. u = 2^-53. A hat marks what the reference computes: from z it computes
 *     re = (x*x - y*y) + cr,    im = (x*y + y*x) + ci,    every operation rounded once.
 * x*y and y*x round alike and doubling is exact, so im = fl(2 fl(x*y) + ci).
 *
 * (1) Rounding of a step. If |z| <= 6 and |c| <= 2, the computed step differs from z*z + c by less than 5e-14.
 *     The squares are off by u x^2 + u y^2 <= 36u, their difference by 36u more, the sum with cr by 38u(1 + 4u);
 *     the imaginary part by 2u|xy| <= 36u and 38u. Together at most hypot(111, 75) u < 135u = 1.5e-14.
 *     For |z| <= 2 it is less than 3e-15: (4 + 4 + 6.1)u and (4 + 6.1)u. (Underflow adds less than 1e-320.)
 *
 * (2) m = x*x + y*y, with or without contraction, is off by less than 2u m (relative 2u(1 + u)), and hypot of libm by
 *     less than 1 ulp (fifty would do). So with DOUBT = 1e-13 = 900u:
 *         m < 4 - DOUBT  implies  |z| < 2 (1 - 100u)  implies  hypot(x, y) < 2,
 *         m > 4 + DOUBT  implies  |z| > 2 (1 + 100u)  implies  hypot(x, y) >= 2;
 *     in between only hypot itself decides. m that overflows or is NaN belongs to |z| >= 2 (or to NaN), which the
 *     reference also counts as outside.
 *
 * (3) For |c| < 1.99 an orbit that has left stays outside. Let hypot(x, y) >= 2, so |z| >= 2 - 1e-14. The computed
 *     next point has |z'| >= |z|^2 - 1.99 - rounding >= 4 - 1.99 - 1e-13 > 2.009, and by induction, from
 *     |z| >= 2.009 comes |z'| >= |z|^2 (1 - 20u) - 1.99 (1 + 20u) > |z| + 0.03: the norm grows until the squares
 *     overflow to infinity. From there on x or y is infinite or NaN, m is infinite or NaN, and every further step keeps
 *     it so: an infinite or NaN x makes x*x infinite or NaN, likewise y, and no sum of such an m with anything is
 *     below 4. (Should x*x - y*y be finite while x is infinite? No: inf - finite = inf, inf - inf = NaN.)
 *     Consequences: a point with m < 4 - DOUBT has never been outside before, so the test can be left out for
 *     whole blocks of steps; and after a point with m >= 4 - DOUBT all later ones have m > 4 + DOUBT.
 */
#ifndef PERFPY_JULIA_ORBIT_H
#define PERFPY_JULIA_ORBIT_H

#include <math.h>

#include "vector.h"
#include "work.h"

#define DOUBT 1e-13
#define UNCHECKED_LIMIT 1.99 /* of |c|, for (3) */

/* One step of a vector of orbits, rounded as the reference's. */
INLINE void step(vdouble *x, vdouble *y, vdouble c_real, vdouble c_imag)
{
    const vdouble xx = *x * *x, yy = *y * *y, xy = *x * *y;
    *x = (xx - yy) + c_real;
    *y = twice_plus(xy, c_imag);
}

/* The definition, from (x, y) after n steps. False if the caller wants the work stopped. */
static bool count_exactly(struct work *work, double x, double y, int32_t n, int32_t *count)
{
    const struct julia_grid *grid = work->grid;
    enum { STRIDE = 1 << 12 };
    for (;;) {
        const int32_t left = grid->max_iterations - n, end = left < STRIDE ? n + left : n + STRIDE;
        const int32_t start = n;
        while (n < end && hypot(x, y) < 2.0) {
            const double real = x * x - y * y, imag = x * y + y * x;
            x = real + grid->c_real;
            y = imag + grid->c_imag;
            n++;
        }
        if (n < end || n == grid->max_iterations) {
            *count = n;
            return true;
        }
        if (stop_after(work, 16L * (n - start)))
            return false;
    }
}

#endif
