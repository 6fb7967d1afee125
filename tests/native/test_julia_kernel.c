/* Compares the Julia kernel with the definition on random grids, chosen to hit what its proofs depend on.
 *
 * Usage: test_julia_kernel ISA GRIDS SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_julia_baseline whatever its flags. Exit status 77: this machine cannot run it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "random.h"

static int below(int n)
{
    return (int)(random_bits() % (uint64_t)n);
}

static double uniform(double low, double high)
{
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

static double one_of(const double *values, int n)
{
    return values[below(n)];
}

/* The kernel's allocations go through this; the countdown makes one of them fail. */
static int allocations_left = -1;

void *test_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return malloc(size);
}

static int polls, stop_at_poll;

static int stop_at(void *context)
{
    (void)context;
    return ++polls == stop_at_poll;
}

static enum julia_status run(const struct julia_grid *grid, int stop_at_poll_number)
{
    const struct perfpy_interrupt interrupt = {stop_at, NULL};
    polls = 0;
    stop_at_poll = stop_at_poll_number;
    return perfpy_julia_baseline(grid, &interrupt);
}

static int32_t definition(double x, double y, double cr, double ci, int32_t limit)
{
    int32_t n = 0;
    while (n < limit && hypot(x, y) < 2.0) {
        const double real = x * x - y * y, imag = x * y + y * x;
        x = real + cr;
        y = imag + ci;
        n++;
    }
    return n;
}

static void random_constant(double *cr, double *ci)
{
    static const double special[][2] = {
        {0, 0},          {0.25, 0},         {-0.75, 0},       {-1, 0},          {-1.25, 0},        {-1.4, 0},
        {-1.401155, 0},  {-2, 0},           {2, 0},           {0, 1},           {0, -1},           {-1.543689012692076, 0},
        {-1.755, 0},     {-0.12, 0.74},     {-0.62772, -0.42193}, {-0.7269, 0.1889}, {-0.125, 0.649519052838329},
        {0.285, 0.01},   {1.99, 0},         {-1.99, 0},       {-1.9899999999999998, 0}, {0, 2}, {-2.1, 0},
        {0.25, 0.5},     {NAN, 0},          {0, NAN},         {INFINITY, 0},    {0, -INFINITY},    {1e308, 1e308},
        {5e-324, -0.0},  {-0.1011, 0.9563}, {-0.5622, 0.6428}, {-1.3107026413368328, 0},
        {4, 0.5},        {-3.9, 0.1}, /* orbits that left come back */
    };
    const double angle = uniform(0, 6.283185307179586), shrink = uniform(0.97, 1.01);
    switch (below(6)) {
    case 0:
    case 1: {
        const int index = below((int)(sizeof special / sizeof special[0]));
        *cr = special[index][0];
        *ci = special[index][1];
        break;
    }
    case 2: /* the edge of the main cardioid, where the attracting fixed point becomes weak */
        *cr = shrink * (cos(angle) / 2 - cos(2 * angle) / 4);
        *ci = shrink * (sin(angle) / 2 - sin(2 * angle) / 4);
        break;
    case 3: /* the edge of the component of period 2 */
        *cr = -1 + shrink * cos(angle) / 4;
        *ci = shrink * sin(angle) / 4;
        break;
    case 4: /* the radius up to which orbits that left stay outside for certain */
        *cr = (1.99 + 1e-15 * below(3)) * cos(angle);
        *ci = 1.99 * sin(angle);
        break;
    default:
        *cr = uniform(-2.1, 0.6);
        *ci = uniform(-1.3, 1.3);
    }
}

static void fill_axis(double *axis, int length)
{
    static const double edge[] = {-2, 2, 0, -0.0, 1.2, 1.6, -1.2, -1.6, 5e-324, 1e-200, 1.4142135623730951};
    static const double wild[] = {NAN, INFINITY, -INFINITY, 1e308, -1e200, 1000, -0.0, 5e-324};
    const double scale = exp(uniform(-12, 0.8)), centre = below(2) ? 0 : uniform(-2, 2);
    const int kind = below(6);
    for (int i = 0; i < length; i++)
        axis[i] = kind == 0   ? one_of(edge, 11)
                  : kind == 1 ? uniform(-2.2, 2.2)
                              : centre + scale * (2.0 * i - (length - 1)) / length;
    if (kind == 2)
        for (int i = 0; i < length / 2; i++)
            axis[length - 1 - i] = -axis[i];
    if (kind == 3)
        axis[below(2) ? length - 1 : below(length)] = one_of(wild, 8);
    if (below(2))
        for (int i = 0; i < length / 2; i++) {
            const double swap = axis[i];
            axis[i] = axis[length - 1 - i];
            axis[length - 1 - i] = swap;
        }
}

static long pixels_compared;

static int compare(const struct julia_grid *grid)
{
    for (ptrdiff_t row = 0; row < grid->height; row++)
        for (ptrdiff_t column = 0; column < grid->width; column++, pixels_compared++) {
            const int32_t is = grid->counts[row * grid->width + column];
            const int32_t want =
                definition(grid->x[column], grid->y[row], grid->c_real, grid->c_imag, grid->max_iterations);
            if (is == want)
                continue;
            printf("c = (%a, %a), z = (%a, %a), limit %d, %td x %td: %d instead of %d\n", grid->c_real, grid->c_imag,
                   grid->x[column], grid->y[row], grid->max_iterations, grid->width, grid->height, is, want);
            return 1;
        }
    return 0;
}

static int check_random_grid(void)
{
    static const double limits[] = {0, 1, 2, 3, 4, 5, 15, 16, 17, 50, 63, 64, 65, 100, 300, 1000};
    const int wide = below(4) == 0;
    const int width = 1 + below(wide ? 600 : 150), height = 1 + below(wide ? 40 : 150);
    double *x = malloc(sizeof *x * (size_t)width), *y = malloc(sizeof *y * (size_t)height);
    int32_t *counts = malloc(sizeof *counts * (size_t)width * (size_t)height);
    if (!x || !y || !counts)
        abort();
    fill_axis(x, width);
    fill_axis(y, height);
    if (below(4) == 0)
        memcpy(y, x, sizeof *x * (size_t)(width < height ? width : height));
    struct julia_grid grid = {.x = x, .y = y, .width = width, .height = height, .counts = counts};
    random_constant(&grid.c_real, &grid.c_imag);
    grid.max_iterations = (int32_t)one_of(limits, 16);
    memset(counts, 0x5a, sizeof *counts * (size_t)width * (size_t)height);
    const enum julia_status status = run(&grid, 0);
    int failed = status != JULIA_DONE || compare(&grid);

    /* Stopped wherever it asks, it must give everything back (the leak checker looks) and say so. */
    const int asked = polls;
    if (asked && run(&grid, 1 + below(asked)) != JULIA_INTERRUPTED) {
        printf("interrupt ignored\n");
        failed = 1;
    }
    free(x);
    free(y);
    free(counts);
    return failed;
}

/* Points rounded onto |z| = 2, where x*x + y*y and hypot disagree; with c = 0 also their square roots. */
static int check_circle(void)
{
    int32_t count;
    for (int i = 0; i < 20000; i++) {
        const double angle = uniform(0, 6.283185307179586), radius = i % 2 ? 2.0 : sqrt(2.0);
        const double x = radius * cos(angle), y = radius * sin(angle), c = i % 4 < 2 ? 0.0 : -0.1 * below(25);
        const struct julia_grid grid = {&x, &y, 1, 1, c, 0.0, 5, &count};
        if (run(&grid, 0) != JULIA_DONE || compare(&grid))
            return 1;
    }
    return 0;
}

/* A single point may keep the kernel busy for many seconds; c = -3/4 has no trap, c = -2 takes the checked path. */
static int check_long_orbit(double c_real, double x)
{
    const double y = 0.0;
    int32_t count;
    const struct julia_grid grid = {&x, &y, 1, 1, c_real, 0.0, INT32_MAX, &count};
    if (run(&grid, 3) == JULIA_INTERRUPTED)
        return 0;
    printf("a long orbit at c = %g cannot be stopped\n", c_real);
    return 1;
}

static int check_no_memory(void)
{
    double axis[128];
    static int32_t counts[128 * 128];
    for (int i = 0; i < 128; i++)
        axis[i] = (i - 64) / 40.0;
    const struct julia_grid grid = {axis, axis, 128, 128, -0.12, 0.74, 300, counts};
    for (int allowed = 0; allowed < 2; allowed++) {
        allocations_left = allowed;
        if (run(&grid, 0) != JULIA_NO_MEMORY) {
            printf("allocation %d failed unnoticed\n", allowed);
            return 1;
        }
    }
    allocations_left = -1;
    return run(&grid, 0) != JULIA_DONE || compare(&grid);
}

static int check_empty(void)
{
    const double axis[1] = {0};
    const struct julia_grid no_columns = {axis, axis, 0, 1, 0, 0, 10, NULL}, no_rows = {axis, axis, 1, 0, 0, 0, 10, NULL};
    return run(&no_columns, 0) != JULIA_DONE || run(&no_rows, 0) != JULIA_DONE;
}

int main(int argc, char **argv)
{
    char message[200];
    enum perfpy_isa isa;
    if (argc != 4)
        return 2;
    if (perfpy_isa_choose(argv[1], ~0u, &isa, message, sizeof message) < 0) {
        printf("%s\n", message);
        return 77;
    }
    random_state = strtoull(argv[3], NULL, 10);
    int failed = check_empty() | check_circle() | check_no_memory() | check_long_orbit(-0.75, 0.1) | check_long_orbit(-2.0, 0.1);
    for (int grid = atoi(argv[2]); grid > 0 && !failed; grid--)
        failed = check_random_grid();
    printf("%s: %ld counts compared\n", argv[1], pixels_compared);
    return failed;
}
