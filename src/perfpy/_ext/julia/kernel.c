/* Escape-time counts of a Julia set: the driver. See tiles.h and pixels.h for the method, orbit.h for the arithmetic. */
#include "kernel.h"

#include "tiles.h"

#define LARGEST_COORDINATE 1e3

enum {
    WORTH_TILES = 6000,       /* points from which on tiles pay */
    THINNEST = SMALLEST_TILE, /* points along each axis that they need */
    POSITIONS = 1 << 30,      /* points that one stream addresses */
};

static bool monotone(const double *axis, ptrdiff_t length)
{
    bool up = true, down = true;
    for (ptrdiff_t i = 1; i < length; i++) {
        up &= axis[i - 1] <= axis[i];
        down &= axis[i - 1] >= axis[i];
    }
    return (up || down) && fabs(axis[0]) < LARGEST_COORDINATE && fabs(axis[length - 1]) < LARGEST_COORDINATE;
}

static bool antisymmetric(const double *axis, ptrdiff_t length)
{
    for (ptrdiff_t i = 0; i <= length / 2; i++)
        if (!(axis[i] == -axis[length - 1 - i]))
            return false;
    return true;
}

/* Writing costs next to nothing, unless it is the first time and the system has to find the memory: a page takes about
 * as long as a step of each of its points, and is accounted for as that. */
static bool preset(struct work *work, int32_t *counts, ptrdiff_t width, ptrdiff_t height, int32_t value)
{
    for (ptrdiff_t row = 0; row < height; row++) {
        for (ptrdiff_t column = 0; column < width; column++)
            counts[row * work->grid->width + column] = value;
        if (stop_after(work, width))
            return false;
    }
    return true;
}

/* Rows [first, first + rows) of columns [left, left + columns), at most POSITIONS points from the first to the last. */
struct span {
    ptrdiff_t first, rows, left, columns;
};

static bool count_by_pixels(struct stream *stream, const struct span *span)
{
    const struct julia_grid *grid = stream->work->grid;
    for (ptrdiff_t row = 0; row < span->rows; row++)
        for (ptrdiff_t column = 0; column < span->columns;) {
            const int room = stream->batch - stream->stage[0].points.size;
            const ptrdiff_t left = span->columns - column;
            const int length = room == 0 ? 1 : left < room ? (int)left : room;
            int32_t *counts = stream->work->counts + row * grid->width + column;
            if (!preset(stream->work, counts, length, 1, grid->max_iterations) ||
                !add_points(stream, grid->x + span->left + column, grid->y[span->first + row], length,
                            (int32_t)(row * grid->width + column)))
                return false;
            column += length;
        }
    return true;
}

static bool count_by_tiles(struct tiling *tiling, struct stream *stream, const struct span *span)
{
    const struct julia_grid *grid = stream->work->grid;
    for (ptrdiff_t row = 0; row < span->rows; row += WINDOW_ROWS)
        for (ptrdiff_t column = 0; column < span->columns; column += WINDOW_COLUMNS) {
            const ptrdiff_t offset = row * grid->width + column;
            const ptrdiff_t width = span->columns - column, height = span->rows - row;
            const struct window window = {
                .x = grid->x + span->left + column,
                .y = grid->y + span->first + row,
                .width = width < WINDOW_COLUMNS ? (int)width : WINDOW_COLUMNS,
                .height = height < WINDOW_ROWS ? (int)height : WINDOW_ROWS,
                .counts = stream->work->counts + offset,
                .stride = grid->width,
                .position = (int32_t)offset,
            };
            if (!preset(stream->work, window.counts, window.width, window.height, grid->max_iterations) ||
                !settle_window(tiling, stream, &window))
                return false;
        }
    return true;
}

/* Counts the first `height` rows, in spans whose positions fit into 32 bits. */
static bool count_rows(struct tiling *tiling, struct stream *stream, ptrdiff_t height)
{
    struct work *work = stream->work;
    const struct julia_grid *grid = work->grid;
    const ptrdiff_t rows = grid->width < POSITIONS ? POSITIONS / grid->width : 1;
    for (ptrdiff_t first = 0; first < height; first += rows)
        for (ptrdiff_t left = 0; left < grid->width; left += POSITIONS) {
            const struct span span = {
                .first = first,
                .rows = height - first < rows ? height - first : rows,
                .left = left,
                .columns = grid->width - left < POSITIONS ? grid->width - left : POSITIONS,
            };
            work->counts = grid->counts + first * grid->width + left;
            if (!(tiling ? count_by_tiles(tiling, stream, &span) : count_by_pixels(stream, &span)) ||
                !drain_stream(stream))
                return false;
        }
    return true;
}

/* Fills the rows from `done` on from those above by J(z) = J(-z): -z squares as z does, rounding included. */
static bool mirror(struct work *work, ptrdiff_t done)
{
    const struct julia_grid *grid = work->grid;
    for (ptrdiff_t row = done; row < grid->height; row++) {
        int32_t *to = grid->counts + row * grid->width;
        const int32_t *from = grid->counts + (grid->height - 1 - row) * grid->width + grid->width - 1;
        for (ptrdiff_t column = 0; column < grid->width; column++)
            to[column] = from[-column];
        if (stop_after(work, grid->width))
            return false;
    }
    return true;
}

/* How much a search for a trap may cost: a small part of what it may save. */
static int32_t search_effort(const struct julia_grid *grid, ptrdiff_t pixels)
{
    const double steps = (double)pixels * grid->max_iterations / 64;
    return steps < INT32_MAX ? (int32_t)steps : INT32_MAX;
}

enum julia_status KERNEL_NAME(const struct julia_grid *grid, const struct perfpy_interrupt *interrupt)
{
    if (grid->width <= 0 || grid->height <= 0)
        return JULIA_DONE;
    struct work work = {.grid = grid, .interrupt = interrupt, .budget = WORK_BETWEEN_POLLS};
    if (grid->max_iterations == 0)
        return preset(&work, grid->counts, grid->width, grid->height, 0) ? JULIA_DONE : JULIA_INTERRUPTED;
    const bool symmetric = antisymmetric(grid->y, grid->height) && antisymmetric(grid->x, grid->width);
    const ptrdiff_t height = symmetric ? (grid->height + 1) / 2 : grid->height;
    const ptrdiff_t pixels = height <= POSITIONS / grid->width ? height * grid->width : POSITIONS;
    struct stream stream;
    struct tiling *tiling = NULL;

    const bool bounded = hypot(grid->c_real, grid->c_imag) < UNCHECKED_LIMIT;
    if (bounded)
        work.trap = perfpy_julia_find_trap(grid->c_real, grid->c_imag, search_effort(grid, pixels));
    if (!open_stream(&stream, &work, pixels))
        return JULIA_NO_MEMORY;
    if (bounded && pixels >= WORTH_TILES && grid->width >= THINNEST && height >= THINNEST &&
        monotone(grid->x, grid->width) && monotone(grid->y, grid->height)) {
        tiling = malloc(sizeof *tiling);
        if (!tiling) {
            close_stream(&stream);
            return JULIA_NO_MEMORY;
        }
    }
    const bool done = count_rows(tiling, &stream, height) && (!symmetric || mirror(&work, height));
    free(tiling);
    close_stream(&stream);
    return done ? JULIA_DONE : JULIA_INTERRUPTED;
}
