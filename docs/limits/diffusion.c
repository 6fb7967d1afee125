/* How fast can a core move the cells of a field, and how fast can it compute them?
 *
 * A copy reads and writes each cell once, as a step per pass through memory has to do at the least; a step on rows that
 * stay in the first-level cache shows the arithmetic. measure.py compiles and runs this file.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Cells per second of copies of a field; the best of five. */
static double copies(size_t cells, int repeats)
{
    double *from = malloc(cells * sizeof *from), *to = malloc(cells * sizeof *to), best = 0;
    if (!from || !to)
        exit(1);
    for (size_t i = 0; i < cells; i++)
        from[i] = to[i] = 1.0;
    for (int round = 0; round < 5; round++) {
        const double start = seconds();
        for (int k = 0; k < repeats; k++) {
            for (size_t i = 0; i < cells; i++)
                to[i] = from[i];
            __asm__ volatile("" : : "r"(from), "r"(to) : "memory");
        }
        const double rate = (double)cells * repeats / (seconds() - start);
        best = rate > best ? rate : best;
    }
    free(from);
    free(to);
    return best;
}

/* Cells per second of steps of four rows in the first-level cache; the best of five. */
enum { CELLS = 512 };
static double above[CELLS + 16], row[CELLS + 16], below[CELLS + 16], result[CELLS + 16];

static double steps(int repeats)
{
    double best = 0;
    for (int round = 0; round < 5; round++) {
        const double start = seconds();
        for (int k = 0; k < repeats; k++) {
            for (int i = 8; i < CELLS + 8; i++)
                result[i] = row[i] + 0.1 * ((((above[i] + below[i]) + row[i - 1]) + row[i + 1]) - 4.0 * row[i]);
            __asm__ volatile("" : : "r"(above), "r"(row), "r"(below), "r"(result) : "memory");
        }
        const double rate = (double)CELLS * repeats / (seconds() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

int main(void)
{
    const struct { const char *what; double rate; } rows[] = {
        {"copy of a field in memory (134 MB)", copies((size_t)1 << 24, 5)},
        {"copy of a field in the second-level cache (512 KB)", copies((size_t)1 << 16, 2000)},
        {"step of rows in the first-level cache", steps(200000)},
    };
    printf("{\"header\": [\"one core\", \"cells per second\"], \"cells\": [");
    for (int i = 0; i < 3; i++)
        printf("%s[\"%s\", \"%.2f G/s\"]", i ? ", " : "", rows[i].what, rows[i].rate / 1e9);
    puts("]}");
}
