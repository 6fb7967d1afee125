/* Explicit steps of a line, many per pass through memory. Included once for each type of cell, after ends.h.
 *
 * The line is cut into strips that fit the first-level cache twice. All steps of the pass are taken there, from one
 * copy to the other and back, and only then the strip is written out. What T steps depend on reaches T cells beyond an
 * end, and both strips compute it: on average T cells per strip of a thousand and more. A vector costs 3 additions
 * (one of them the doubling), 1 subtraction, 1 multiplication, 3 loads and 1 store.
 */

INLINE void NAMED(step_line)(REAL *to, const REAL *cells, ptrdiff_t begin, ptrdiff_t end, NAMED(vector) weight,
                             struct caution *caution)
{
#pragma GCC unroll 4
    for (ptrdiff_t i = begin; i < end; i += NAMED(LANES)) {
        const NAMED(vector) g = NAMED(load)(cells + i);
        const NAMED(vector) both = NAMED(load)(cells + i - 1) + NAMED(load)(cells + i + 1);
        if (NAMED(beware)(both, caution))
            NAMED(store)(to + i, g + NAMED(flow)(weight, both, g + g, true));
        else
            NAMED(store)(to + i, g + NAMED(flow)(weight, both, g + g, false));
    }
}

/* Takes all steps of a strip; false if it was stopped. */
static bool NAMED(advance_strip)(const struct strip *strip, struct pulse *pulse, NAMED(vector) weight,
                                 struct caution *caution)
{
    const struct diffusion_piece *piece = strip->piece;
    const REAL *from = piece->from;
    REAL *cells = (REAL *)piece->workspace + NAMED(margin)(piece->steps), *next = cells + strip->stride;
    NAMED(read_cells)(strip, from, cells);
    for (int level = 1; level <= piece->steps; level++) {
        const ptrdiff_t begin = NAMED(level_begin)(strip, level), end = NAMED(level_end)(strip, level);
        if (NAMED(CAREFUL) && caution->careful)
            NAMED(step_line)(next, cells, begin, end, weight, caution);
        else
            NAMED(step_line)(next, cells, begin, end, weight, NULL);
        NAMED(mend_ends)(strip, from, next);
        REAL *const last = cells;
        cells = next;
        next = last;
        if (NAMED(CAREFUL))
            look_back(caution);
    }
    memcpy((REAL *)piece->to + strip->column, cells, (size_t)strip->cells * sizeof *cells);
    return !stop_requested(pulse, piece->steps * strip->cells);
}

static enum diffusion_status NAMED(advance_line)(const struct diffusion_piece *piece,
                                                 const struct perfpy_interrupt *interrupt)
{
    const struct diffusion_problem *problem = piece->problem;
    const NAMED(vector) weight = NAMED(broadcast)((REAL)problem->weights[0]);
    const ptrdiff_t width = problem->shape[0];
    const ptrdiff_t widest = (ptrdiff_t)(LINE_BYTES / sizeof(REAL) / 2) - 2 * NAMED(margin)(piece->steps);
    const ptrdiff_t cells = piece->end - piece->begin, strips = count_strips(cells, widest, NAMED(LANES));
    struct pulse pulse = {interrupt, 0};
    struct caution caution = {0};
    struct strip strip = {.piece = piece, .width = width, .stride = round_up(least(cells, widest), NAMED(LANES)) + 2 * NAMED(margin)(piece->steps)};
    memset(piece->workspace, 0, 2 * (size_t)strip.stride * sizeof(REAL));
    bool stopped = false;
    for (ptrdiff_t n = 0; n < strips && !stopped; n++) {
        strip.column = piece->begin + strip_begin(cells, strips, n, NAMED(LANES));
        strip.cells = piece->begin + strip_begin(cells, strips, n + 1, NAMED(LANES)) - strip.column;
        const bool first = strip.column == 0, last = strip.column + strip.cells == width;
        strip.left = strip_end(problem->sides[0][0], first, first && last);
        strip.right = strip_end(problem->sides[0][1], last, first && last);
        stopped = !NAMED(advance_strip)(&strip, &pulse, weight, &caution);
    }
    restore_flag(&caution);
    return stopped ? DIFFUSION_INTERRUPTED : DIFFUSION_DONE;
}
