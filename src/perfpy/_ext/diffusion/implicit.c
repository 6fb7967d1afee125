/* Implicit steps by alternating directions (Douglas, one half), in one, two and three dimensions.
 *
 * With A_i the second difference along axis i times its weight, a step changes the field u by the d of
 *     (1 - A_0/2) (1 - A_1/2) (1 - A_2/2) d = (A_0 + A_1 + A_2) u:
 * one sum over neighbours, a tridiagonal system for each line along each axis in turn, one addition. Held cells do not
 * change and are not in the systems. perfpy.techniques.diffusion._implicit has the order of operations, which all
 * backends share.
 *
 * Cost per cell and step: 3 to 4 operations for the sum and 4 for the systems of each axis (6 where it is periodic). The
 * sum is taken row by row, just before the first elimination needs the row; the last axis is solved for a batch of rows
 * as soon as the axis before has solved them, and added to the field while they are in the cache. In three dimensions
 * the first axis is done by itself, in columns narrow enough for the second-level cache. So a field in memory is read
 * twice and written once, and its change written twice and read twice.
 *
 * Compiled once for each instruction set and type of cells: REAL, KERNEL_NAME.
 */
#include "implicit.h"

#include "implicit_lines.h"
#include "implicit_rows.h"
#include "memory.h"

#ifndef SEGMENT
#define SEGMENT 1024 /* cells of a row that are in the first-level cache from one operation to the next */
#endif
#ifndef COLUMN_BYTES
#define COLUMN_BYTES (1 << 20) /* of a column of cells that is solved along the first of three axes */
#endif
#ifndef OPERATIONS_BETWEEN_POLLS
#define OPERATIONS_BETWEEN_POLLS (1 << 20)
#endif

enum { BATCH = 32 }; /* rows solved together along the last axis: a multiple of all LANES */

struct work {
    struct axis axes[3];
    int dimensions;
    ptrdiff_t plane, row; /* cells from one to the next */
    REAL *field, *change;
    const struct perfpy_interrupt *interrupt;
    ptrdiff_t unpolled; /* operations on cells */
};

static bool stopped(struct work *work, ptrdiff_t operations)
{
    work->unpolled += operations;
    if (work->unpolled < OPERATIONS_BETWEEN_POLLS)
        return false;
    work->unpolled = 0;
    return work->interrupt->requested(work->interrupt->context);
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* The flow into the cells [begin, end) of a row, into the change. */
static void find_flow(const struct work *work, ptrdiff_t plane, ptrdiff_t row, ptrdiff_t begin, ptrdiff_t end)
{
    const struct axis *axes = work->axes;
    const ptrdiff_t here = plane * work->plane + row * work->row;
    const REAL *planes = work->field + row * work->row, *rows = work->field + plane * work->plane;
    const struct surroundings s = {
        .row = work->field + here,
        .before = {planes + beside(&axes[0], plane, -1) * work->plane, rows + beside(&axes[1], row, -1) * work->row},
        .after = {planes + beside(&axes[0], plane, 1) * work->plane, rows + beside(&axes[1], row, 1) * work->row},
        .weights = {axes[0].weight, axes[1].weight, axes[2].weight},
    };
    if (work->dimensions == 3)
        flow_row(&s, 3, &axes[2], begin, end, work->change + here);
    else if (work->dimensions == 2)
        flow_row(&s, 2, &axes[2], begin, end, work->change + here);
    else
        flow_row(&s, 1, &axes[2], begin, end, work->change + here);
}

/* Flow and systems along the first of three axes, for the cells [begin, end) of a row in all planes. */
static bool solve_column(struct work *work, ptrdiff_t row, ptrdiff_t begin, ptrdiff_t end)
{
    const struct axis *axis = &work->axes[0];
    const ptrdiff_t stride = work->plane, cells = end - begin;
    REAL *first = work->change + axis->first * stride + row * work->row + begin;
    for (ptrdiff_t i = 0; i < axis->count; i++) {
        find_flow(work, axis->first + i, row, begin, end);
        if (i < axis->unknowns)
            eliminate_row(axis, i, first + i * stride, stride, cells);
        if (stopped(work, 2 * cells))
            return false;
    }
    for (ptrdiff_t i = axis->unknowns - 1; i >= 0; i--) {
        solve_row(axis, i, first + i * stride, stride, cells);
        if (stopped(work, cells))
            return false;
    }
    if (!axis->periodic)
        return true;
    close_row(axis, axis->unknowns, first + axis->unknowns * stride, stride, cells);
    for (ptrdiff_t i = 0; i < axis->unknowns; i++) {
        share_row(axis, i, first + i * stride, stride, cells);
        if (stopped(work, cells))
            return false;
    }
    return true;
}

static bool solve_first_axis(struct work *work)
{
    const struct axis *axes = work->axes;
    const ptrdiff_t room = COLUMN_BYTES / (ptrdiff_t)sizeof(REAL) / axes[0].count, narrowest = 64;
    const ptrdiff_t width = least(room > narrowest ? room : narrowest, SEGMENT);
    for (ptrdiff_t row = axes[1].first; row < axes[1].first + axes[1].count; row++)
        for (ptrdiff_t cell = axes[2].first, end = cell + axes[2].count; cell < end; cell += width)
            if (!solve_column(work, row, cell, least(cell + width, end)))
                return false;
    return true;
}

typedef void row_operation(const struct axis *axis, ptrdiff_t i, REAL *row, ptrdiff_t stride, ptrdiff_t cells);

/* Applies an operation of the second axis to row i of a plane. */
static bool over_row(struct work *work, row_operation *operation, ptrdiff_t plane, ptrdiff_t i)
{
    const struct axis *axis = &work->axes[1];
    REAL *row = work->change + plane * work->plane + (axis->first + i) * work->row + work->axes[2].first;
    for (ptrdiff_t cell = 0; cell < work->axes[2].count; cell += SEGMENT) {
        const ptrdiff_t cells = least(SEGMENT, work->axes[2].count - cell);
        operation(axis, i, row + cell, work->row, cells);
        if (stopped(work, cells))
            return false;
    }
    return true;
}

/* The flow into row i of a plane, where the first axis has not found it already, and its elimination. */
static bool begin_row(struct work *work, ptrdiff_t plane, ptrdiff_t i)
{
    const struct axis *axis = &work->axes[1], *along = &work->axes[2];
    const ptrdiff_t row = axis->first + i;
    REAL *change = work->change + plane * work->plane + row * work->row;
    for (ptrdiff_t cell = along->first, end = cell + along->count; cell < end; cell += SEGMENT) {
        const ptrdiff_t cells = least(SEGMENT, end - cell);
        if (work->dimensions < 3)
            find_flow(work, plane, row, cell, cell + cells);
        if (i < axis->unknowns)
            eliminate_row(axis, i, change + cell, work->row, cells);
        if (stopped(work, 2 * cells))
            return false;
    }
    return true;
}

/* Solves rows [begin, end) of a plane along themselves, and adds them to the field. */
static bool finish_rows(struct work *work, ptrdiff_t plane, ptrdiff_t begin, ptrdiff_t end)
{
    const struct axis *axis = &work->axes[2];
    const ptrdiff_t here = plane * work->plane + (work->axes[1].first + begin) * work->row + axis->first;
    const ptrdiff_t rows = end - begin, segments = (axis->unknowns + SEGMENT - 1) / SEGMENT;
    REAL *change = work->change + here, *field = work->field + here;
    for (ptrdiff_t i = 0; i < segments; i++) {
        eliminate_lines(axis, change, work->row, rows, i * SEGMENT, least((i + 1) * SEGMENT, axis->unknowns));
        if (stopped(work, rows * SEGMENT))
            return false;
    }
    for (ptrdiff_t i = segments - 1; i >= 0; i--) {
        solve_lines(axis, change, work->row, rows, i * SEGMENT, least((i + 1) * SEGMENT, axis->unknowns));
        if (stopped(work, rows * SEGMENT))
            return false;
    }
    for (ptrdiff_t row = 0; row < rows; row++) {
        add_line(axis, change + row * work->row, field + row * work->row);
        if (stopped(work, axis->count))
            return false;
    }
    return true;
}

/* Solves a plane along its rows' axis, the last row first. Rows are finished once the row before no longer needs them. */
static bool finish_plane(struct work *work, ptrdiff_t plane)
{
    const struct axis *axis = &work->axes[1];
    ptrdiff_t unsolved = axis->unknowns;
    for (ptrdiff_t end = axis->unknowns, begin; end > 0; end = begin) {
        begin = end > BATCH ? end - BATCH : 0;
        while (unsolved > 0 && unsolved >= begin)
            if (!over_row(work, solve_row, plane, --unsolved))
                return false;
        if (!axis->periodic && !finish_rows(work, plane, begin, end))
            return false;
    }
    return true;
}

/* The same where the last row closes a circle: only once it is known, the others can be finished. */
static bool close_plane(struct work *work, ptrdiff_t plane)
{
    const struct axis *axis = &work->axes[1];
    if (!over_row(work, close_row, plane, axis->unknowns))
        return false;
    for (ptrdiff_t begin = 0, end; begin < axis->count; begin = end) {
        end = least(begin + BATCH, axis->count);
        for (ptrdiff_t i = begin; i < least(end, axis->unknowns); i++)
            if (!over_row(work, share_row, plane, i))
                return false;
        if (!finish_rows(work, plane, begin, end))
            return false;
    }
    return true;
}

static bool step(struct work *work)
{
    const struct axis *planes = &work->axes[0], *rows = &work->axes[1];
    if (work->dimensions == 3 && !solve_first_axis(work))
        return false;
    for (ptrdiff_t plane = planes->first; plane < planes->first + planes->count; plane++) {
        for (ptrdiff_t i = 0; i < rows->count; i++)
            if (!begin_row(work, plane, i))
                return false;
        if (!finish_plane(work, plane) || (rows->periodic && !close_plane(work, plane)))
            return false;
    }
    return true;
}

/* The problem as one of three dimensions, in which the first axes have one cell and no weight. */
static struct diffusion_problem in_three_dimensions(const struct diffusion_problem *problem)
{
    struct diffusion_problem lifted = *problem;
    const int missing = 3 - problem->dimensions;
    for (int axis = 0; axis < 3; axis++) {
        const int from = axis - missing;
        lifted.shape[axis] = from < 0 ? 1 : problem->shape[from];
        lifted.weights[axis] = from < 0 ? 0 : problem->weights[from];
        for (int side = 0; side < 2; side++)
            lifted.sides[axis][side] = from < 0 ? DIFFUSION_REFLECTING : problem->sides[from][side];
    }
    return lifted;
}

/* Finds the factors of all axes, in memory of which *factors is the start. */
static bool factor_axes(struct work *work, const struct diffusion_problem *problem, REAL **factors)
{
    size_t cells = 0;
    for (int axis = 0; axis < 3; axis++)
        cells += 3 * (size_t)work->axes[axis].unknowns;
    REAL *next = *factors = malloc(cells * sizeof *next);
    for (int number = 0; next && number < 3; number++) {
        struct axis *axis = &work->axes[number];
        axis->upper = next;
        axis->pivot = axis->upper + axis->unknowns;
        axis->share = axis->pivot + axis->unknowns;
        next = axis->share + axis->unknowns;
        if (!factor_axis(axis, problem, number))
            return false;
    }
    return next;
}

enum diffusion_status KERNEL_NAME(const struct diffusion_problem *problem, const struct perfpy_interrupt *interrupt)
{
    const struct diffusion_problem lifted = in_three_dimensions(problem);
    const size_t bytes = perfpy_diffusion_field_bytes(problem);
    struct work work = {
        .dimensions = problem->dimensions,
        .plane = lifted.shape[1] * lifted.shape[2],
        .row = lifted.shape[2],
        .field = problem->out,
        .interrupt = interrupt,
    };
    for (int axis = 0; axis < 3; axis++)
        work.axes[axis] = describe_axis(&lifted, axis);
    memcpy(problem->out, problem->start, bytes);
    if (!work.axes[0].count || !work.axes[1].count || !work.axes[2].count)
        return DIFFUSION_DONE;

    enum diffusion_status status = DIFFUSION_NO_MEMORY;
    REAL *factors = NULL;
    work.change = perfpy_diffusion_allocate(bytes);
    if (work.change && factor_axes(&work, &lifted, &factors)) {
        status = DIFFUSION_DONE;
        for (int64_t done = 0; done < problem->steps && status == DIFFUSION_DONE; done++)
            if (!step(&work))
                status = DIFFUSION_INTERRUPTED;
    }
    free(factors);
    free(work.change);
    return status;
}
