/* How fast can a core iterate z -> z*z + c when nothing else is asked of it?
 *
 * CHAINS vectors of LANES doubles are iterated side by side, without a test, a store or a branch in between.
 * One chain shows the latency of a step, many show the throughput of the arithmetic units. The clock comes from a
 * chain of dependent integer additions, which take one cycle each. measure.py compiles and runs this file.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#ifndef LANES
#define LANES 8
#endif
#ifndef CHAINS
#define CHAINS 6
#endif

#if LANES == 1
typedef double vector;
#else
typedef double vector __attribute__((vector_size(8 * LANES)));
#endif

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double clock_rate(void)
{
    const int64_t additions = 200000000;
    const double start = seconds();
    int64_t sum = 0;
    for (int64_t k = 0; k < additions / 10; k++) {
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++) {
            sum += k;
            __asm__ volatile("" : "+r"(sum));
        }
    }
    return (double)additions / (seconds() - start);
}

/* Steps per second of one core; what is computed is handed to the caller, so that it cannot be left out. */
static double step_rate(vector *sum)
{
    const int64_t steps = 20000000;
    vector x[CHAINS], y[CHAINS];
    for (int k = 0; k < CHAINS; k++) {
        x[k] = (vector){0} + 0.01 * k;
        y[k] = (vector){0} - 0.02 * k;
    }
    double c_real = -0.62772, c_imag = -0.42193;
    __asm__ volatile("" : "+x"(c_real), "+x"(c_imag));
    const vector real = (vector){0} + c_real, imag = (vector){0} + c_imag;

    const double start = seconds();
    for (int64_t n = 0; n < steps; n++) {
#pragma GCC unroll 16
        for (int k = 0; k < CHAINS; k++) {
            const vector xx = x[k] * x[k], yy = y[k] * y[k], xy = x[k] * y[k];
            x[k] = xx - yy + real;
            y[k] = xy + xy + imag;
        }
    }
    const double elapsed = seconds() - start;
    for (int k = 0; k < CHAINS; k++)
        *sum += x[k] + y[k];
    return (double)steps * CHAINS * LANES / elapsed;
}

int main(void)
{
    double clock = 0, rate = 0;
    vector sum = (vector){0};
    for (int round = 0; round < 5; round++) {
        const double a = clock_rate(), b = step_rate(&sum);
        clock = a > clock ? a : clock;
        rate = b > rate ? b : rate;
    }
    double first;
    __builtin_memcpy(&first, &sum, sizeof first);
    printf("{\"lanes\": %d, \"chains\": %d, \"clock\": %.4g, \"steps_per_second\": %.4g, \"checksum\": %.6g}\n", LANES,
           CHAINS, clock, rate, first);
    return 0;
}
