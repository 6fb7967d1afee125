/* Systems whose lines are rows of cells: LANES rows at a time, a vector holding one cell of each.
 *
 * One row is a chain of dependent operations, of some eight cycles per cell and direction. Therefore squares of
 * LANES * LANES cells are transposed in registers, taken one step of the chain per column, and transposed back.
 */
#ifndef PERFPY_DIFFUSION_IMPLICIT_LINES_H
#define PERFPY_DIFFUSION_IMPLICIT_LINES_H

#include <string.h>

#include "implicit_axis.h"

#if defined(__AVX512F__)
enum { VECTOR_BYTES = 64 };
#elif defined(__AVX__)
enum { VECTOR_BYTES = 32 };
#else
enum { VECTOR_BYTES = 16 };
#endif

enum { LANES = VECTOR_BYTES / sizeof(REAL) };

typedef REAL vreal __attribute__((vector_size(VECTOR_BYTES)));

/* The first or the second halves of two vectors, their elements in turn. */
INLINE vreal interleave(vreal a, vreal b, int half)
{
#if defined(__clang__)
    vreal mixed;
    for (int lane = 0; lane < LANES; lane++)
        mixed[lane] = lane % 2 ? b[half * LANES / 2 + lane / 2] : a[half * LANES / 2 + lane / 2];
    return mixed;
#else
    __typeof__(a < b) order;
    for (int lane = 0; lane < LANES; lane++)
        order[lane] = half * LANES / 2 + lane / 2 + lane % 2 * LANES;
    return __builtin_shuffle(a, b, order);
#endif
}

/* A square of cells, a vector for each row. Interleaving the upper with the lower half of the rows moves the highest
 * bit of a row's number into the lowest of the column's; after as many times as there are bits, they have changed
 * places. */
INLINE void transpose(vreal square[LANES])
{
#pragma GCC unroll 4
    for (int bit = 1; bit < LANES; bit *= 2) {
        vreal mixed[LANES];
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            mixed[i] = interleave(square[i / 2], square[LANES / 2 + i / 2], i % 2);
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            square[i] = mixed[i];
    }
}

INLINE void load_square(vreal square[LANES], const REAL *from, ptrdiff_t stride)
{
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        memcpy(&square[i], from + i * stride, sizeof square[i]);
}

INLINE void store_square(REAL *to, ptrdiff_t stride, const vreal square[LANES])
{
#pragma GCC unroll 16
    for (int i = 0; i < LANES; i++)
        memcpy(to + i * stride, &square[i], sizeof square[i]);
}

INLINE vreal load_column(const REAL *from, ptrdiff_t stride)
{
    vreal column = {0};
    for (int i = 0; i < LANES; i++)
        column[i] = from[i * stride];
    return column;
}

/* Unknowns [begin, end) of one row. */
static void eliminate_one(const struct axis *axis, REAL *cells, ptrdiff_t begin, ptrdiff_t end)
{
    REAL previous = begin > 0 ? cells[begin - 1] : 0;
    for (ptrdiff_t i = begin; i < end; i++)
        cells[i] = previous = i > 0 ? cells[i] + axis->upper[i - 1] * previous : cells[i];
}

static void solve_one(const struct axis *axis, REAL *cells, ptrdiff_t begin, ptrdiff_t end)
{
    const ptrdiff_t last = axis->unknowns - 1;
    REAL next = end <= last ? cells[end] : 0;
    for (ptrdiff_t i = end - 1; i >= begin; i--) {
        const REAL scaled = cells[i] * axis->pivot[i];
        cells[i] = next = i < last ? scaled + axis->upper[i] * next : scaled;
    }
}

/* The same of a few rows, whose chains are independent of each other. */
static void eliminate_few(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t begin,
                          ptrdiff_t end)
{
    if (rows == 1) {
        eliminate_one(axis, cells, begin, end);
        return;
    }
    for (ptrdiff_t i = begin > 1 ? begin : 1; i < end; i++)
        for (REAL *cell = cells + i; cell < cells + i + rows * stride; cell += stride)
            cell[0] = cell[0] + axis->upper[i - 1] * cell[-1];
}

static void solve_few(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t begin,
                      ptrdiff_t end)
{
    if (rows == 1) {
        solve_one(axis, cells, begin, end);
        return;
    }
    for (ptrdiff_t i = end - 1; i >= begin; i--)
        for (REAL *cell = cells + i; cell < cells + i + rows * stride; cell += stride) {
            const REAL scaled = cell[0] * axis->pivot[i];
            cell[0] = i < axis->unknowns - 1 ? scaled + axis->upper[i] * cell[1] : scaled;
        }
}

/* Eliminates the unknowns [begin, end), end - begin a multiple of LANES, begin > 0, of LANES rows. */
static void eliminate_squares(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t begin, ptrdiff_t end)
{
    vreal previous = load_column(cells + begin - 1, stride);
    for (ptrdiff_t i = begin; i < end; i += LANES) {
        vreal square[LANES];
        load_square(square, cells + i, stride);
        transpose(square);
#pragma GCC unroll 16
        for (int j = 0; j < LANES; j++)
            previous = square[j] = square[j] + axis->upper[i - 1 + j] * previous;
        transpose(square);
        store_square(cells + i, stride, square);
    }
}

/* Solves the unknowns [begin, end), end - begin a multiple of LANES, end < unknowns, of LANES rows. */
static void solve_squares(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t begin, ptrdiff_t end)
{
    vreal next = load_column(cells + end, stride);
    for (ptrdiff_t i = end - LANES; i >= begin; i -= LANES) {
        vreal square[LANES];
        load_square(square, cells + i, stride);
        transpose(square);
#pragma GCC unroll 16
        for (int j = LANES - 1; j >= 0; j--)
            next = square[j] = square[j] * axis->pivot[i + j] + axis->upper[i + j] * next;
        transpose(square);
        store_square(cells + i, stride, square);
    }
}

/* Eliminates the unknowns [begin, end) of `rows` rows; those before have been. */
static void eliminate_lines(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t begin,
                            ptrdiff_t end)
{
    const ptrdiff_t first = begin > 1 ? begin : 1, squares = end > first ? (end - first) / LANES : 0;
    ptrdiff_t row = 0;
    for (; row + LANES <= rows; row += LANES) {
        REAL *here = cells + row * stride;
        if (squares)
            eliminate_squares(axis, here, stride, first, first + squares * LANES);
        eliminate_few(axis, here, stride, LANES, first + squares * LANES, end);
    }
    eliminate_few(axis, cells + row * stride, stride, rows - row, begin, end);
}

/* Solves the unknowns [begin, end) of `rows` rows that have been eliminated; those after have been solved. */
static void solve_lines(const struct axis *axis, REAL *cells, ptrdiff_t stride, ptrdiff_t rows, ptrdiff_t begin,
                        ptrdiff_t end)
{
    const ptrdiff_t last = end < axis->unknowns - 1 ? end : axis->unknowns - 1;
    const ptrdiff_t squares = last > begin ? (last - begin) / LANES : 0, rest = last - squares * LANES;
    ptrdiff_t row = 0;
    for (; row + LANES <= rows; row += LANES) {
        REAL *here = cells + row * stride;
        solve_few(axis, here, stride, LANES, last, end);
        if (squares)
            solve_squares(axis, here, stride, rest, last);
        solve_few(axis, here, stride, LANES, begin, rest);
    }
    solve_few(axis, cells + row * stride, stride, rows - row, begin, end);
}

/* Adds to the field what a row changes by. On a periodic axis the last cell of it is found first. */
static void add_line(const struct axis *axis, const REAL *restrict change, REAL *restrict field)
{
    if (!axis->periodic) {
        for (ptrdiff_t i = 0; i < axis->unknowns; i++)
            field[i] = field[i] + change[i];
        return;
    }
    const ptrdiff_t end = axis->unknowns;
    const REAL last = (change[end] + axis->half * (change[0] + change[end - 1])) * axis->closing;
    for (ptrdiff_t i = 0; i < end; i++)
        field[i] = field[i] + (change[i] + axis->share[i] * last);
    field[end] = field[end] + last;
}

#endif
