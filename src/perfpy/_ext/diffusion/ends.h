/* The ends of a strip's rows: how far the levels reach, and what is beyond. Included once for each type of cell, after
 * rows.h. A row of a strip is an array whose cell 0 is the first of the strip and on a vector's boundary. */

/* Cells that a row needs before and after those of the strip: what the levels compute there, and a vector to read beyond. */
INLINE ptrdiff_t NAMED(margin)(int steps)
{
    return round_up(steps, NAMED(LANES)) + NAMED(LANES);
}

/* Where level `level` of a row begins and ends: whole vectors. */
INLINE ptrdiff_t NAMED(level_begin)(const struct strip *strip, int level)
{
    return strip->left == END_OPEN ? -round_up(strip->piece->steps - level, NAMED(LANES)) : 0;
}

INLINE ptrdiff_t NAMED(level_end)(const struct strip *strip, int level)
{
    return round_up(strip->cells + (strip->right == END_OPEN ? strip->piece->steps - level : 0), NAMED(LANES));
}

/* Brings the cells beyond the ends up to date, and held cells back, in a row that was computed. `from` is the row of
 * the field, where held cells are what they always were. */
INLINE void NAMED(mend_ends)(const struct strip *strip, const REAL *from, REAL *cells)
{
    const ptrdiff_t n = strip->cells;
    if (strip->left == END_HELD)
        cells[0] = from[0];
    if (strip->right == END_HELD)
        cells[n - 1] = from[strip->width - 1];
    if (strip->left != END_OPEN)
        cells[-1] = strip->left == END_WRAPPED ? cells[n - 1] : cells[0];
    if (strip->right != END_OPEN)
        cells[n] = strip->right == END_WRAPPED ? cells[0] : cells[n - 1];
}

/* Reads a row of the field, with as much beyond open ends as the levels depend on. */
static void NAMED(read_cells)(const struct strip *strip, const REAL *from, REAL *to)
{
    const ptrdiff_t reach = strip->piece->steps;
    const ptrdiff_t end = strip->cells + (strip->right == END_OPEN ? reach : 0);
    for (ptrdiff_t i = strip->left == END_OPEN ? -reach : 0, run; i < end; i += run) {
        const ptrdiff_t column = wrapped(strip->column + i, strip->width);
        run = least(end - i, strip->width - column);
        memcpy(to + i, from + column, (size_t)run * sizeof *to);
    }
    NAMED(mend_ends)(strip, from, to);
}
