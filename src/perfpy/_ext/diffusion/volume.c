/* Explicit steps in three dimensions, several per pass through memory.
 *
 * The planes of a box are walked once, in stages. In each stage level 1 makes its next PLANES planes from the field,
 * level 2 makes the PLANES planes one behind those from what level 1 has made, and so on; the last level writes to the
 * result. Of every level but the last only PLANES + 2 planes are kept, in a ring that stays in the second-level cache, so
 * that memory is read and written once for all levels.
 *
 * Level t has to cover levels - t more cells on each side of the box than the last one, where the field goes on. That
 * overlap is computed by both neighbours, and is the price of boxes that do not depend on each other: for a box of B rows
 * about (levels - 1) / B of the work. Work: 9 operations per cell and step (16 with unlike weights). Memory per pass: one
 * read and, as the last level bypasses the caches, one write per cell.
 *
 * Compiled once for each instruction set and type of cells: REAL, KERNEL_NAME.
 */
#include "volume_grid.h"

enum { MOST_LEVELS = 8 };

/* Limits; the tests compile with others, so that small fields are cut too. */
#ifndef CELLS_BETWEEN_POLLS
#define CELLS_BETWEEN_POLLS (2 << 20)
#endif
#ifndef DEPTH
#define DEPTH 4 /* steps of a pass, at most MOST_LEVELS */
#endif
#ifndef RING_BYTES
#define RING_BYTES (1200 << 10) /* what the rings may take of the second-level cache */
#endif
#ifndef WIDEST
#define WIDEST (4096 / (ptrdiff_t)sizeof(REAL)) /* cells of a row that are not cut */
#endif

/* The next row of the field that the first level will read in the next stage, which begins with `plane`; NULL if all
 * have been fetched. While the levels between compute, memory would idle; and the hardware, which fetches ahead within a
 * row, starts anew with each of them. */
static const REAL *row_to_fetch(struct wave *wave, ptrdiff_t plane, struct range rows)
{
    const ptrdiff_t count = rows.last - rows.first;
    if (wave->fetched >= PLANES * count)
        return NULL;
    const ptrdiff_t row = rows.first + wave->fetched % count;
    plane += wave->fetched++ / count;
    return wave->from + field_row(wave, plane, row);
}

struct level {
    int number;
    int stretch_count;
    struct stretch stretches[3];
};

static void make_group(struct wave *wave, const struct level *level, ptrdiff_t plane, int planes, ptrdiff_t row,
                       const REAL *const ahead[2])
{
    const int old = level->number - 1;
    const bool keep = held(wave, 0, plane) || held(wave, 1, row);
    struct group group;
    for (int i = 0; i < planes + 2; i++)
        group.centre[i] = old_row(wave, old, plane + i - 1, row);
    group.above = old_row(wave, old, plane, row - 1) - group.centre[1];
    group.below = old_row(wave, old, plane, row + 1) - group.centre[1];
    for (int i = 0; i < planes; i++)
        group.new[i] = new_row(wave, level->number, plane + i, row);
    const enum target target = level->number == wave->levels ? wave->target : CACHED;
    for (int s = 0; s < level->stretch_count; s++) {
        const struct stretch *stretch = &level->stretches[s];
        for (int i = 0; i < 2; i++)
            group.ahead[i] = ahead[i] ? ahead[i] + stretch->from : NULL;
        if (keep)
            keep_rows(&group, planes, stretch);
        else
            make_rows(&group, planes, stretch, &wave->weights, target);
    }
}

/* Makes the rows of `planes` planes at a level: together, or one by one where planes at the ends are missing or held. */
static void make_planes(struct wave *wave, const struct level *level, ptrdiff_t first, int planes, ptrdiff_t next_plane)
{
    const struct range rows = covered(wave, 1, wave->levels - level->number);
    const struct range field_rows = covered(wave, 1, wave->levels);
    const bool together = planes == PLANES && !held(wave, 0, first) && !held(wave, 0, first + planes - 1);
    const int group = together ? planes : 1, fetches = wave->levels < PLANES ? 2 : 1;
    for (ptrdiff_t row = rows.first; row < rows.last; row++)
        for (int plane = 0; plane < planes; plane += group) {
            const REAL *ahead[2] = {NULL, NULL};
            for (int i = 0; i < fetches && plane == 0; i++)
                ahead[i] = row_to_fetch(wave, next_plane, field_rows);
            make_group(wave, level, first + plane, group, row, ahead);
        }
    wave->unpolled += planes * (rows.last - rows.first) * wave->width;
}

/* One stage: each level makes the planes that it covers among the next PLANES. `plane` is the first one of level 1. */
static void make_stage(struct wave *wave, const struct level *levels, ptrdiff_t plane)
{
    wave->fetched = 0;
    for (int t = 1; t <= wave->levels; t++) {
        const struct range planes = covered(wave, 0, wave->levels - t);
        const ptrdiff_t first = plane - (t - 1), last = first + PLANES;
        const ptrdiff_t from = first > planes.first ? first : planes.first;
        const ptrdiff_t to = last < planes.last ? last : planes.last;
        if (from < to)
            make_planes(wave, &levels[t - 1], from, (int)(to - from), plane + PLANES + 1);
    }
}

static bool stopped(struct wave *wave, const struct perfpy_interrupt *interrupt)
{
    if (wave->unpolled < CELLS_BETWEEN_POLLS)
        return false;
    wave->unpolled = 0;
    return interrupt->requested(interrupt->context);
}

/* Takes a box of the field forward. */
static bool make_box(struct wave *wave, const struct perfpy_interrupt *interrupt)
{
    place_rings(wave);
    struct level levels[MOST_LEVELS];
    for (int t = 1; t <= wave->levels; t++) {
        levels[t - 1].number = t;
        levels[t - 1].stretch_count = find_stretches(wave, t, levels[t - 1].stretches);
    }
    for (ptrdiff_t plane = covered(wave, 0, wave->levels - 1).first; plane - (wave->levels - 1) < wave->box.last[0]; plane += PLANES) {
        make_stage(wave, levels, plane);
        if (stopped(wave, interrupt))
            return false;
    }
    return true;
}

/* How the rows of a plane are divided into boxes. */
struct cut {
    ptrdiff_t cells; /* of a row */
    ptrdiff_t rows;
};

/* Of the rings, for each row of a box and each row of its overlaps. */
static size_t bytes_per_row(struct cut cut, int levels)
{
    return (size_t)((levels - 1) * RING * ring_stride(cut.cells + 2 * overlap(levels))) * sizeof(REAL);
}

static size_t ring_bytes(struct cut cut, int levels)
{
    return bytes_per_row(cut, levels) * (size_t)(cut.rows + 2 * (levels - 1));
}

static ptrdiff_t parts(ptrdiff_t whole, ptrdiff_t largest)
{
    return (whole + largest - 1) / largest;
}

/* Boxes as high as the rings allow; rows are cut only where they are so long that boxes would become flat. */
static struct cut choose_cut(const struct diffusion_problem *problem, int levels)
{
    const ptrdiff_t height = problem->shape[1], width = problem->shape[2], strips = parts(width, WIDEST);
    struct cut cut = {.cells = strips == 1 ? width : round_up(parts(width, strips), LINE), .rows = height};
    if (levels > 1) {
        const ptrdiff_t room = (ptrdiff_t)(RING_BYTES / bytes_per_row(cut, levels)) - 2 * (levels - 1);
        cut.rows = parts(height, parts(height, room > 1 ? room : 1));
    }
    return cut;
}

static enum diffusion_status advance(const struct diffusion_piece *piece, const struct perfpy_interrupt *interrupt)
{
    const struct diffusion_problem *problem = piece->problem;
    const struct cut cut = choose_cut(problem, piece->steps);
    const uintptr_t result = (uintptr_t)piece->to / sizeof(REAL);
    /* Cells of ring rows are aligned as those of the result, which arrays of Python's seldom are to a line. */
    struct wave wave = {
        .problem = problem,
        .levels = piece->steps,
        .from = piece->from,
        .to = piece->to,
        .ring = (REAL *)piece->workspace + LINE + result % LINE,
        .weights = {.isotropic = problem->isotropic},
        .target = problem->shape[2] % LINE == 0 && result % LINE == 0 ? STREAMED : CACHED,
    };
    for (int axis = 0; axis < 3; axis++)
        wave.weights.k[axis] = (REAL)problem->weights[axis];
    bool done = true;
    for (ptrdiff_t row = 0; row < problem->shape[1] && done; row += cut.rows)
        for (ptrdiff_t cell = 0; cell < problem->shape[2] && done; cell += cut.cells) {
            wave.box = (struct box){
                .first = {piece->begin, row, cell},
                .last = {piece->end, least(row + cut.rows, problem->shape[1]),
                         least(cell + cut.cells, problem->shape[2])},
            };
            done = make_box(&wave, interrupt);
        }
#if defined(__SSE2__)
    _mm_sfence(); /* streamed rows are to be seen before the message that they are there */
#endif
    return done ? DIFFUSION_DONE : DIFFUSION_INTERRUPTED;
}

struct diffusion_method KERNEL_NAME(const struct diffusion_problem *problem)
{
    size_t most = 0;
    for (int levels = 1; levels <= DEPTH; levels++) {
        const size_t bytes = ring_bytes(choose_cut(problem, levels), levels);
        most = bytes > most ? bytes : most;
    }
    return (struct diffusion_method){advance, DEPTH, most + 3 * LINE * sizeof(REAL)};
}
