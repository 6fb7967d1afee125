/* One explicit step per pass, of any field: where the diffusivity is an array. Included once for each type of cell,
 * after rows.h.
 *
 * Every cell is read from memory and written to it at each step, the diffusivity is read, and that is what a step of a
 * field beyond the caches costs: 32 bytes per cell of 8 bytes. The arithmetic, 8 operations per axis and 1, hides behind it.
 */

/* A row of the field, or of the diffusivity, and those beside it along the axes before the last. */
struct NAMED(rows) {
    const REAL *here, *before[2], *after[2];
};

/* What surrounds some cells of a row: each axis' neighbours, and for the diffusivity the same. */
struct NAMED(star) {
    NAMED(vector) here, before[3], after[3];
};

/* The cells from i on, or all lanes the cell i. */
INLINE NAMED(vector) NAMED(cells_at)(const REAL *row, ptrdiff_t i, bool whole)
{
    return whole ? NAMED(load)(row + i) : NAMED(broadcast)(row[i]);
}

INLINE struct NAMED(star) NAMED(star_at)(const struct NAMED(rows) *rows, int axes, ptrdiff_t i, ptrdiff_t left,
                                         ptrdiff_t right, bool whole)
{
    struct NAMED(star) star = {.here = NAMED(cells_at)(rows->here, i, whole)};
    for (int axis = 0; axis < axes - 1; axis++) {
        star.before[axis] = NAMED(cells_at)(rows->before[axis], i, whole);
        star.after[axis] = NAMED(cells_at)(rows->after[axis], i, whole);
    }
    star.before[axes - 1] = NAMED(cells_at)(rows->here, left, whole);
    star.after[axes - 1] = NAMED(cells_at)(rows->here, right, whole);
    return star;
}

/* What one axis adds to the cells: its weight times what flows in less what flows out. */
INLINE NAMED(vector) NAMED(gain)(const struct NAMED(star) *u, const struct NAMED(star) *d, int axis, REAL weight)
{
    const NAMED(vector) after = (d->here + d->after[axis]) * (REAL)0.5 * (u->after[axis] - u->here);
    const NAMED(vector) before = (d->here + d->before[axis]) * (REAL)0.5 * (u->here - u->before[axis]);
    return (after - before) * weight;
}

INLINE NAMED(vector) NAMED(swept)(const struct NAMED(rows) *u, const struct NAMED(rows) *d, int axes,
                                  const struct diffusion_problem *problem, ptrdiff_t i, ptrdiff_t left,
                                  ptrdiff_t right, bool whole)
{
    const REAL weights[3] = {(REAL)problem->weights[0], (REAL)problem->weights[1], (REAL)problem->weights[2]};
    const struct NAMED(star) field = NAMED(star_at)(u, axes, i, left, right, whole);
    const struct NAMED(star) diffusivity = NAMED(star_at)(d, axes, i, left, right, whole);
    NAMED(vector) sum = NAMED(gain)(&field, &diffusivity, 0, weights[0]);
    for (int axis = 1; axis < axes; axis++)
        sum = sum + NAMED(gain)(&field, &diffusivity, axis, weights[axis]);
    return field.here + sum;
}

/* The cells from `begin` to `end` of a row of n cells. */
INLINE void NAMED(sweep_row)(REAL *to, const struct NAMED(rows) *u, const struct NAMED(rows) *d, int axes,
                             const struct diffusion_problem *problem, ptrdiff_t begin, ptrdiff_t end)
{
    const enum diffusion_side *sides = problem->sides[axes - 1];
    const ptrdiff_t n = problem->shape[axes - 1], last = n - 1;
    ptrdiff_t i = begin;
    while (i < end) {
        if (i > 0 && i + NAMED(LANES) <= least(end, last)) {
            NAMED(store)(to + i, NAMED(swept)(u, d, axes, problem, i, i - 1, i + 1, true));
            i += NAMED(LANES);
            continue;
        }
        if ((i == 0 && sides[0] == DIFFUSION_HELD) || (i == last && sides[1] == DIFFUSION_HELD)) {
            to[i] = u->here[i];
        } else {
            const ptrdiff_t left = i > 0 ? i - 1 : sides[0] == DIFFUSION_PERIODIC ? last : i;
            const ptrdiff_t right = i < last ? i + 1 : sides[1] == DIFFUSION_PERIODIC ? 0 : i;
            to[i] = NAMED(swept)(u, d, axes, problem, i, left, right, false)[0];
        }
        i++;
    }
}

/* The same in slices between which it can be stopped. */
INLINE enum diffusion_status NAMED(sweep_slices)(REAL *to, const struct NAMED(rows) *u, const struct NAMED(rows) *d,
                                                 int axes, const struct diffusion_problem *problem, ptrdiff_t begin,
                                                 ptrdiff_t end, struct pulse *pulse)
{
    const ptrdiff_t slice = 1 << 16;
    for (ptrdiff_t i = begin; i < end; i += slice) {
        NAMED(sweep_row)(to, u, d, axes, problem, i, least(i + slice, end));
        if (stop_requested(pulse, least(slice, end - i)))
            return DIFFUSION_INTERRUPTED;
    }
    return DIFFUSION_DONE;
}

/* The row with these indices along the axes before the last, and the rows beside it. */
INLINE struct NAMED(rows) NAMED(rows_at)(const struct diffusion_problem *problem, const REAL *field, int axes,
                                         const ptrdiff_t *index)
{
    const ptrdiff_t n = problem->shape[axes - 1];
    const ptrdiff_t strides[2] = {axes == 3 ? problem->shape[1] * n : n, n};
    struct NAMED(rows) rows = {.here = field};
    for (int axis = 0; axis < axes - 1; axis++)
        rows.here += index[axis] * strides[axis];
    for (int axis = 0; axis < axes - 1; axis++) {
        const enum diffusion_side *sides = problem->sides[axis];
        const ptrdiff_t cells = problem->shape[axis], at = index[axis];
        rows.before[axis] = rows.here + (beside(at, -1, cells, sides[0]) - at) * strides[axis];
        rows.after[axis] = rows.here + (beside(at, +1, cells, sides[1]) - at) * strides[axis];
    }
    return rows;
}

INLINE enum diffusion_status NAMED(sweep)(const struct diffusion_piece *piece,
                                          const struct perfpy_interrupt *interrupt, int axes)
{
    const struct diffusion_problem *problem = piece->problem;
    const ptrdiff_t n = problem->shape[axes - 1], middle = axes == 3 ? problem->shape[1] : 1;
    struct pulse pulse = {interrupt, 0};
    if (axes == 1) {
        const struct NAMED(rows) u = {.here = piece->from}, d = {.here = problem->diffusivity};
        return NAMED(sweep_slices)(piece->to, &u, &d, 1, problem, piece->begin, piece->end, &pulse);
    }
    enum diffusion_status status = DIFFUSION_DONE;
    for (ptrdiff_t row = piece->begin * middle; row < piece->end * middle && status == DIFFUSION_DONE; row++) {
        const ptrdiff_t index[2] = {row / middle, row % middle};
        const struct NAMED(rows) u = NAMED(rows_at)(problem, piece->from, axes, index);
        const struct NAMED(rows) d = NAMED(rows_at)(problem, problem->diffusivity, axes, index);
        REAL *to = (REAL *)piece->to + row * n;
        if (on_held_side(problem, axes - 1, index))
            memcpy(to, u.here, (size_t)n * sizeof *to);
        else
            status = NAMED(sweep_slices)(to, &u, &d, axes, problem, 0, n, &pulse);
    }
    return status;
}

static enum diffusion_status NAMED(advance_step)(const struct diffusion_piece *piece,
                                                    const struct perfpy_interrupt *interrupt)
{
    if (piece->problem->dimensions == 1)
        return NAMED(sweep)(piece, interrupt, 1);
    if (piece->problem->dimensions == 2)
        return NAMED(sweep)(piece, interrupt, 2);
    return NAMED(sweep)(piece, interrupt, 3);
}
