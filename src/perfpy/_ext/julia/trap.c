/* Finding a trapping disc.
 *
 * Take centres w[0], w[1], ..., w[p], each the computed image of the one before, and radii r[0], ..., r[p] with
 *     r[k+1] = (2 |w[k]| + r[k]) r[k] + SLACK.
 * A computed orbit with a point z in the disc D(w[k], r[k]) has its next point in D(w[k+1], r[k+1]), because
 *     z^2 - w^2 = (z - w)(z - w + 2w), so |z^2 - w^2| <= (2|w| + r) r,
 * and both points are off their exact images by at most 3e-15 (orbit.h (1); all points have |z| < 2). The radii are
 * computed with a few roundings of numbers below 16, less than 1e-14. SLACK = 1e-12 covers all of it.
 * If moreover |w[k]| + r[k] < 2 - MARGIN for k < p, and |w[p] - w[0]| + r[p] <= r[0] - MARGIN, then D(w[0], r[0]) is
 * mapped into itself by p steps without ever leaving |z| < 2: by induction the orbit stays for ever, and as
 * MARGIN = 1e-9 is far above the doubt about hypot, the reference sees hypot < 2 at each of its points.
 *
 * Where to look: the critical orbit 0, c, c^2 + c, ... converges to the attracting cycle, if there is one (Fatou).
 * - Around w[0] = 0 the map contracts most (r[1] = r[0]^2), so the disc is largest. p is a time of closest return.
 * - Where c is near the edge of its component no disc around 0 returns; a small disc around the point of
 *   the cycle nearest to 0 still may. The critical orbit after many steps serves as the cycle; nothing is
 *   assumed about how near it came, since the inequalities above are checked for the centres as they are.
 */
#include "trap.h"

#include <math.h>
#include <stdbool.h>

#define SLACK 1e-12
#define MARGIN 1e-9
#define SMALLEST_RADIUS 1e-4

enum { LONGEST_PERIOD = 64, MOST_STEPS = 4096 };

struct orbit {
    double x[LONGEST_PERIOD + 1], y[LONGEST_PERIOD + 1];
    double norm[LONGEST_PERIOD + 1];
};

static void square_plus(double *x, double *y, double c_real, double c_imag)
{
    const double real = *x * *x - *y * *y + c_real;
    *y = 2.0 * (*x * *y) + c_imag;
    *x = real;
}

static double distance(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* Fills `orbit` from (x, y) on; false if it leaves the disc |z| < 2. */
static bool follow(struct orbit *orbit, double x, double y, double c_real, double c_imag)
{
    for (int k = 0; k <= LONGEST_PERIOD; k++) {
        orbit->x[k] = x;
        orbit->y[k] = y;
        orbit->norm[k] = distance(x, y);
        if (!(orbit->norm[k] < 2.0))
            return false;
        square_plus(&x, &y, c_real, c_imag);
    }
    return true;
}

/* Whether the disc of this radius around the first point is mapped into itself by `period` steps. */
static bool returns(const struct orbit *orbit, int period, double gap, double radius)
{
    double r = radius;
    for (int k = 0; k < period; k++) {
        if (!(orbit->norm[k] + r < 2.0 - MARGIN))
            return false;
        r = (2.0 * orbit->norm[k] + r) * r + SLACK;
    }
    return gap + r <= radius - MARGIN;
}

/* The largest radius that returns, up to 2 %, or 0. The radii that return form an interval, as r[p] is a polynomial
 * in r[0] without negative coefficients and so convex; finding it from above needs no more than a scan. */
static double largest_radius(const struct orbit *orbit, int period)
{
    const double gap = distance(orbit->x[period] - orbit->x[0], orbit->y[period] - orbit->y[0]);
    for (double radius = 2.0; radius > SMALLEST_RADIUS && radius > gap; radius *= 0.9)
        if (returns(orbit, period, gap, radius)) {
            double larger = radius;
            for (int refinement = 0; refinement < 5; refinement++) {
                larger *= 1.02;
                if (returns(orbit, period, gap, larger))
                    radius = larger;
            }
            return radius;
        }
    return 0.0;
}

/* Tries the times at which the orbit comes closer to its first point than ever before. */
static struct julia_trap trap_around_start(const struct orbit *orbit)
{
    double closest = 2.0;
    for (int period = 1; period <= LONGEST_PERIOD; period++) {
        const double gap = distance(orbit->x[period] - orbit->x[0], orbit->y[period] - orbit->y[0]);
        if (gap >= closest)
            continue;
        closest = gap;
        const double radius = largest_radius(orbit, period);
        if (radius > 0.0)
            return (struct julia_trap){period, orbit->x[0], orbit->y[0], radius};
    }
    return (struct julia_trap){0};
}

struct julia_trap perfpy_julia_find_trap(double c_real, double c_imag, int32_t effort)
{
    const struct julia_trap none = {0};
    struct orbit orbit;
    if (effort < LONGEST_PERIOD || !follow(&orbit, 0.0, 0.0, c_real, c_imag))
        return none;
    const struct julia_trap critical = trap_around_start(&orbit);
    if (critical.period)
        return critical;

    double x = orbit.x[LONGEST_PERIOD], y = orbit.y[LONGEST_PERIOD];
    const int32_t steps = effort < MOST_STEPS ? effort : MOST_STEPS;
    for (int32_t k = LONGEST_PERIOD; k < steps; k++)
        square_plus(&x, &y, c_real, c_imag);
    if (!follow(&orbit, x, y, c_real, c_imag))
        return none;
    int nearest = 0;
    for (int k = 1; k <= LONGEST_PERIOD; k++)
        if (orbit.norm[k] < orbit.norm[nearest])
            nearest = k;
    if (!follow(&orbit, orbit.x[nearest], orbit.y[nearest], c_real, c_imag))
        return none;
    return trap_around_start(&orbit);
}
