/* Explicit steps of a plane, several per pass through memory. Included once for each type of cell, after ends.h.
 *
 * Rows are cut into strips, so that the rows at work fit the second-level cache. A strip is marched through from its
 * first row to its last, two rows at a time: when rows y and y+1 have been read, level 1 (one step on) is computed for
 * rows y-1 and y, level 2 for rows y-2 and y-1, and so on; what leaves the last level is written out. So a pass of T
 * steps moves each cell through memory once in and once out, not T times, and all other traffic stays in the cache.
 *
 * Level t of row y takes the place of level t-1 of row y-1, which nothing needs any more: 2T+2 rows are all there is.
 *
 * What a strip depends on reaches T cells beyond its ends. It computes T-t cells there at level t, which the next
 * strip computes, too: on average T cells per row, for strips of a thousand cells. A piece likewise computes
 * rows beyond its own.
 */

/* Where the strip's first cell of a row is, for rows near `front` - `level`. */
INLINE REAL *NAMED(slot)(const struct strip *strip, int level, ptrdiff_t row)
{
    ptrdiff_t slot = strip->front_slot + (row - strip->front) - level;
    slot += slot < 0 ? strip->slots : 0;
    slot -= slot >= strip->slots ? strip->slots : 0;
    return (REAL *)strip->piece->workspace + NAMED(margin)(strip->piece->steps) + slot * strip->stride;
}

/* The row of the field that `row` is, which may be beyond a periodic side. */
INLINE const REAL *NAMED(field_row)(const struct strip *strip, ptrdiff_t row)
{
    if (row < 0 || row >= strip->height)
        row = wrapped(row, strip->height);
    return (const REAL *)strip->piece->from + row * strip->width;
}

static void NAMED(read_row)(const struct strip *strip, ptrdiff_t row)
{
    NAMED(read_cells)(strip, NAMED(field_row)(strip, row), NAMED(slot)(strip, 0, row));
}

static void NAMED(write_row)(const struct strip *strip, ptrdiff_t row)
{
    REAL *to = (REAL *)strip->piece->to + row * strip->width + strip->column;
    memcpy(to, NAMED(slot)(strip, strip->piece->steps, row), (size_t)strip->cells * sizeof *to);
}

/* Begins to fetch a part of a row that will be read or written at the next step of the march, if the strip has it. */
INLINE void NAMED(fetch)(const struct strip *strip, const void *field, ptrdiff_t row, ptrdiff_t begin, ptrdiff_t end)
{
    if (row < 0 || row >= strip->height)
        return;
    const REAL *cells = (const REAL *)field + row * strip->width + strip->column;
    for (ptrdiff_t i = begin; i < end; i += CACHE_LINE / (ptrdiff_t)sizeof(REAL))
        __builtin_prefetch(cells + i);
}

/* Fetches as much as is each level's share: more at once than the processor has requests under way would stall it. */
INLINE void NAMED(fetch_share)(const struct strip *strip, int level)
{
    const int last = strip->piece->steps;
    const ptrdiff_t share = round_up((strip->cells + last - 1) / last, CACHE_LINE / (ptrdiff_t)sizeof(REAL));
    const ptrdiff_t begin = share * (level - 1), end = least(begin + share, strip->cells);
    for (ptrdiff_t row = strip->front + 2; row < strip->front + 4; row++) {
        NAMED(fetch)(strip, strip->piece->from, row, begin, end);
        NAMED(fetch)(strip, strip->piece->to, row - last, begin, end);
    }
}

/* The row whose cells are the neighbours of `row` on one side or the other: `row` itself at a reflecting side. */
INLINE const REAL *NAMED(neighbour)(const struct strip *strip, int level, ptrdiff_t row)
{
    if (strip->top != DIFFUSION_PERIODIC)
        row = row < 0 ? 0 : least(row, strip->height - 1);
    return NAMED(slot)(strip, level, row);
}

INLINE void NAMED(compute_row)(const struct strip *strip, int level, ptrdiff_t row,
                               struct NAMED(weights) weights, bool isotropic, struct caution *caution)
{
    REAL *to = NAMED(slot)(strip, level, row);
    const REAL *cells = NAMED(slot)(strip, level - 1, row);
    const ptrdiff_t begin = NAMED(level_begin)(strip, level), end = NAMED(level_end)(strip, level);
    if (held_row(strip, row))
        memcpy(to + begin, cells + begin, (size_t)(end - begin) * sizeof *to);
    else
        NAMED(step_row)(to, NAMED(neighbour)(strip, level - 1, row - 1), cells,
                        NAMED(neighbour)(strip, level - 1, row + 1), begin, end, weights, isotropic, caution);
    NAMED(mend_ends)(strip, NAMED(field_row)(strip, row), to);
}

INLINE void NAMED(compute_two_rows)(const struct strip *strip, int level, ptrdiff_t row,
                                    struct NAMED(weights) weights, bool isotropic, struct caution *caution)
{
    REAL *to = NAMED(slot)(strip, level, row), *to_next = NAMED(slot)(strip, level, row + 1);
    NAMED(step_two_rows)(to, to_next, NAMED(neighbour)(strip, level - 1, row - 1),
                         NAMED(slot)(strip, level - 1, row), NAMED(slot)(strip, level - 1, row + 1),
                         NAMED(neighbour)(strip, level - 1, row + 2), NAMED(level_begin)(strip, level),
                         NAMED(level_end)(strip, level), weights, isotropic, caution);
    NAMED(mend_ends)(strip, NAMED(field_row)(strip, row), to);
    NAMED(mend_ends)(strip, NAMED(field_row)(strip, row + 1), to_next);
}

/* Rows `row` and `row` + 1 at a level, as far as the level has them. */
INLINE void NAMED(compute)(const struct strip *strip, int level, ptrdiff_t row,
                           struct NAMED(weights) weights, bool isotropic, struct caution *caution)
{
    ptrdiff_t begin, end;
    level_rows(strip, level, &begin, &end);
    if (row >= begin && row + 1 < end && !held_row(strip, row) && !held_row(strip, row + 1)) {
        NAMED(compute_two_rows)(strip, level, row, weights, isotropic, caution);
        return;
    }
    for (ptrdiff_t y = row; y < row + 2; y++)
        if (y >= begin && y < end)
            NAMED(compute_row)(strip, level, y, weights, isotropic, caution);
}

INLINE enum diffusion_status NAMED(march)(struct strip *strip, struct pulse *pulse,
                                          struct NAMED(weights) weights, bool isotropic, struct caution *caution)
{
    const int last = strip->piece->steps;
    ptrdiff_t end;
    level_rows(strip, 0, &strip->front, &end);
    strip->front_slot = 0;
    for (; strip->front < strip->piece->end + last; strip->front += 2) {
        const ptrdiff_t front = strip->front;
        for (ptrdiff_t y = front; y < least(front + 2, end); y++)
            NAMED(read_row)(strip, y);
        for (int level = 1; level <= last; level++) {
            NAMED(fetch_share)(strip, level);
            if (NAMED(CAREFUL) && caution->careful)
                NAMED(compute)(strip, level, front - level, weights, isotropic, caution);
            else
                NAMED(compute)(strip, level, front - level, weights, isotropic, NULL);
        }
        for (ptrdiff_t y = front - last; y < front - last + 2; y++)
            if (y >= strip->piece->begin && y < strip->piece->end)
                NAMED(write_row)(strip, y);
        if (NAMED(CAREFUL))
            look_back(caution);
        if (stop_requested(pulse, 2 * last * strip->cells))
            return DIFFUSION_INTERRUPTED;
        strip->front_slot = (strip->front_slot + 2) % strip->slots;
    }
    return DIFFUSION_DONE;
}

/* The widest strip whose rows fit the workspace. */
static ptrdiff_t NAMED(widest_strip)(int steps)
{
    const ptrdiff_t stride = (ptrdiff_t)(STRIP_BYTES / sizeof(REAL)) / (2 * steps + 2) / NAMED(LANES) * NAMED(LANES);
    return stride - 2 * NAMED(margin)(steps);
}

static enum diffusion_status NAMED(advance_plane)(const struct diffusion_piece *piece,
                                                  const struct perfpy_interrupt *interrupt)
{
    const struct diffusion_problem *problem = piece->problem;
    const ptrdiff_t width = problem->shape[1], widest = NAMED(widest_strip)(piece->steps);
    const ptrdiff_t strips = count_strips(width, widest, NAMED(LANES));
    struct NAMED(weights) weights = {NAMED(broadcast)((REAL)problem->weights[0]),
                                     NAMED(broadcast)((REAL)problem->weights[1])};
    struct pulse pulse = {interrupt, 0};
    struct caution caution = {0};
    struct strip strip = {
        .piece = piece,
        .height = problem->shape[0],
        .width = width,
        .top = problem->sides[0][0],
        .bottom = problem->sides[0][1],
        .slots = 2 * piece->steps + 2,
        .stride = round_up(least(width, widest), NAMED(LANES)) + 2 * NAMED(margin)(piece->steps),
    };
    memset(piece->workspace, 0, (size_t)(strip.slots * strip.stride) * sizeof(REAL));
    enum diffusion_status status = DIFFUSION_DONE;
    for (ptrdiff_t n = 0; n < strips && status == DIFFUSION_DONE; n++) {
        strip.column = strip_begin(width, strips, n, NAMED(LANES));
        strip.cells = strip_begin(width, strips, n + 1, NAMED(LANES)) - strip.column;
        strip.left = strip_end(problem->sides[1][0], n == 0, strips == 1);
        strip.right = strip_end(problem->sides[1][1], n == strips - 1, strips == 1);
        status = problem->isotropic ? NAMED(march)(&strip, &pulse, weights, true, &caution)
                                    : NAMED(march)(&strip, &pulse, weights, false, &caution);
    }
    restore_flag(&caution);
    return status;
}
