/* Periodic diffusion as one would write it in C: two arrays with ghost cells, rows in parallel, and a compiler that
 * may use whatever this machine has. Compiled when it is loaded; CELL is the type of a cell. */
#include <omp.h>
#include <stddef.h>

#define SWAP do { CELL *restrict other = one; one = two; two = other; } while (0)

static void line(CELL *restrict one, CELL *restrict two, ptrdiff_t n, long steps, CELL k)
{
    for (long step = 0; step < steps; step++) {
        one[0] = one[n];
        one[n + 1] = one[1];
#pragma omp parallel for simd schedule(static)
        for (ptrdiff_t i = 1; i <= n; i++)
            two[i] = one[i] + k * ((one[i - 1] + one[i + 1]) - 2 * one[i]);
        SWAP;
    }
}

static void plane(CELL *restrict one, CELL *restrict two, ptrdiff_t n, ptrdiff_t m, long steps, CELL k)
{
    const ptrdiff_t s = m + 2;
    for (long step = 0; step < steps; step++) {
        for (ptrdiff_t j = 1; j <= m; j++) {
            one[j] = one[n * s + j];
            one[(n + 1) * s + j] = one[s + j];
        }
#pragma omp parallel for schedule(static)
        for (ptrdiff_t i = 1; i <= n; i++) {
            CELL *restrict row = one + i * s, *restrict result = two + i * s;
            row[0] = row[m];
            row[m + 1] = row[1];
#pragma omp simd
            for (ptrdiff_t j = 1; j <= m; j++)
                result[j] = row[j] + k * ((((row[j - s] + row[j + s]) + row[j - 1]) + row[j + 1]) - 4 * row[j]);
        }
        SWAP;
    }
}

static void volume(CELL *restrict one, CELL *restrict two, ptrdiff_t n, ptrdiff_t m, ptrdiff_t r, long steps, CELL k)
{
    const ptrdiff_t s = r + 2, t = (m + 2) * s;
    for (long step = 0; step < steps; step++) {
#pragma omp parallel for schedule(static)
        for (ptrdiff_t i = 1; i <= n; i++) {
            CELL *restrict sheet = one + i * t;
            for (ptrdiff_t q = 1; q <= r; q++) {
                sheet[q] = sheet[m * s + q];
                sheet[(m + 1) * s + q] = sheet[s + q];
            }
            for (ptrdiff_t j = 1; j <= m; j++) {
                sheet[j * s] = sheet[j * s + r];
                sheet[j * s + r + 1] = sheet[j * s + 1];
            }
        }
        for (ptrdiff_t q = 0; q < t; q++) {
            one[q] = one[n * t + q];
            one[(n + 1) * t + q] = one[t + q];
        }
#pragma omp parallel for schedule(static)
        for (ptrdiff_t i = 1; i <= n; i++)
            for (ptrdiff_t j = 1; j <= m; j++) {
                const CELL *restrict row = one + i * t + j * s;
                CELL *restrict result = two + i * t + j * s;
#pragma omp simd
                for (ptrdiff_t q = 1; q <= r; q++)
                    result[q] = row[q] + k * ((((((row[q - t] + row[q + t]) + row[q - s]) + row[q + s]) + row[q - 1])
                                               + row[q + 1]) - 6 * row[q]);
            }
        SWAP;
    }
}

/* The result is in `one` after an even number of steps, else in `two`. */
void diffuse(CELL *one, CELL *two, int dimensions, const ptrdiff_t *shape, long steps, double k, int threads)
{
    omp_set_num_threads(threads);
    if (dimensions == 1)
        line(one, two, shape[0], steps, (CELL)k);
    else if (dimensions == 2)
        plane(one, two, shape[0], shape[1], steps, (CELL)k);
    else
        volume(one, two, shape[0], shape[1], shape[2], steps, (CELL)k);
}
