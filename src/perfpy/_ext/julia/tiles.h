/* Settling whole tiles of the grid without iterating their points.
 *
 * The points of a tile are z0 = centre + R t with |t| <= 1. After n steps all their computed orbits are at
 *     a + B t + D t^2 + e(t),  |e(t)| <= r,
 * with numbers a, B, D, r per tile that a step updates (a Taylor model of degree 2). That is a disc around a of radius
 * r + |B| + |D|. If it lies in |z| < 2 the tile goes on; if it lies outside, having been inside at every step before,
 * all points of the tile have count n; if it lies in the trap, or n reaches the limit, all have the limit. A tile that
 * straddles |z| = 2 is split into four, which go on from where the parent is: they are described by its
 * polynomial, re-centred. Only tiles of the smallest size are counted pixel by pixel.
 *
 * The step. With p = a + Bt + Dt^2, (p + e)^2 + c = (a^2 + c) + (2aB) t + (2aD + B^2) t^2 + [2BD t^3 + D^2 t^4 + 2pe + e^2], so
 *     a' = a^2 + c,  B' = 2aB,  D' = 2aD + B^2,  r' = |D| (2|B| + |D|) + (2 (|a| + |B| + |D|) + r) r + SLACK.
 * SLACK covers every rounding. A step is taken only if |a| + |B| + |D| + r < 2, so each of the four is below 2. With
 * u = 2^-53 the roundings are: the orbit's step 3e-15 = 27u (orbit.h (1)); a' as much; B' (a complex product, two products
 * and a sum per part, doubled exactly) below 2 sqrt(2) (2u |a||B| + u |a||B|) < 40u; D' below 2 sqrt(2) 3u |a||D|
 * + sqrt(2) 3u |B|^2 + 2u (|2aD| + |B|^2) < 80u; r', whose terms are positive and whose sum is below 32, less than 8 * 32u.
 * Together less than 430u = 5e-14 < SLACK = 1e-13. The norms of a, B, D are bounded from above (norm_above).
 *
 * The verdicts use |a| + |B| + |D| + r < 2 - MARGIN and |a| - |B| - |D| - r > 2 + MARGIN, MARGIN = 1e-6, which is far
 * more than the roundings of these sums and the doubt about hypot. For the second, norm_above() times 1 - 2^-20 less
 * 1e-18 is a bound from below, by its own error bound.
 */
#ifndef PERFPY_JULIA_TILES_H
#define PERFPY_JULIA_TILES_H

#include "stream.h"

#define SLACK 1e-13
#define SPLIT_SLACK 1e-12
#define MARGIN 1e-6
#define LARGEST_ERROR 1e-3 /* r beyond which a tile starts anew when it is split */

enum {
    LARGEST_TILE = 32,
    SMALLEST_TILE = 8,
    WINDOW_COLUMNS = 1024, /* the part of the grid whose tiles are worked on together */
    WINDOW_ROWS = 32,
    WINDOW_SMALLEST = WINDOW_COLUMNS / SMALLEST_TILE * (WINDOW_ROWS / SMALLEST_TILE),
    MOST_TILES = 2 * WINDOW_SMALLEST, /* a parent and its children may be in the list at once: 1 + 1/4 + 1/16 */
};

struct window {
    const double *x, *y;
    int width, height;
    int32_t *counts;  /* of the window's first point */
    ptrdiff_t stride; /* from row to row */
    int32_t position; /* of the window's first point, relative to work->counts */
};

/* Which part of the window a tile covers: first column and row, and size, packed into 32 bits so that vectors of them
 * can be compacted. */
enum { COLUMN_BITS = 12, ROW_BITS = 8 };

INLINE int32_t pack_place(int column, int row, int size)
{
    return (size << ROW_BITS | row) << COLUMN_BITS | column;
}

struct place {
    int column, row, size;
};

INLINE struct place unpack_place(int32_t packed)
{
    return (struct place){packed & ((1 << COLUMN_BITS) - 1), packed >> COLUMN_BITS & ((1 << ROW_BITS) - 1),
                          packed >> (COLUMN_BITS + ROW_BITS)};
}

/* How much of a tile lies in the window. */
INLINE int place_width(const struct window *window, struct place place)
{
    return place.column + place.size <= window->width ? place.size : window->width - place.column;
}

INLINE int place_height(const struct window *window, struct place place)
{
    return place.row + place.size <= window->height ? place.size : window->height - place.row;
}

enum field { A_REAL, A_IMAG, B_REAL, B_IMAG, D_REAL, D_IMAG, ERROR, FIELDS };

struct tiles {
    double field[FIELDS][MOST_TILES + LANES];
    int32_t place[MOST_TILES + LANES]; /* packed */
    int size;
};

struct tiling {
    struct tiles lists[2];
    int32_t again[MOST_TILES];
    int again_size;
};

/* An upper bound of sqrt(x^2 + y^2), less than (1 + 2^-20) times it plus 1e-18, where that is below 1e19: the roundings
 * of the sum (2u) and of rough_root() (2^-22 and 1e-19) are well covered by a factor 1 + 2^-21 and 2e-19. */
INLINE vdouble norm_above(vdouble x, vdouble y)
{
    return fused(rough_root(fused(x, x, y * y)), broadcast(1.0 + 0x1p-21), broadcast(2e-19));
}

struct disc {
    double x, y, radius;
};

/* A disc around all points of a tile. The axes are monotone, so the corners are extreme. For 0 <= p <= q is
 * hypot(p, q) <= q + (sqrt(2) - 1) p, since both sides agree at p = 0 and p = q and the left is convex in p. A few
 * roundings of numbers up to LARGEST_COORDINATE = 1e3 are far below 1e-12. */
INLINE struct disc cover(const struct window *window, struct place place)
{
    const double *const x = window->x + place.column, *const y = window->y + place.row;
    const int last_column = place_width(window, place) - 1, last_row = place_height(window, place) - 1;
    const double dx = 0.5 * fabs(x[last_column] - x[0]), dy = 0.5 * fabs(y[last_row] - y[0]);
    const double larger = dx > dy ? dx : dy, smaller = dx > dy ? dy : dx;
    return (struct disc){0.5 * (x[0] + x[last_column]), 0.5 * (y[0] + y[last_row]),
                         larger + 0.41421356237310 * smaller + 1e-12};
}

INLINE void add_tile(struct tiles *tiles, struct place place, const double field[FIELDS])
{
    for (int f = 0; f < FIELDS; f++)
        tiles->field[f][tiles->size] = field[f];
    tiles->place[tiles->size++] = pack_place(place.column, place.row, place.size);
}

/* Adds a tile before its first step. */
INLINE void add_new_tile(struct tiles *tiles, const struct window *window, struct place place)
{
    const struct disc disc = cover(window, place);
    add_tile(tiles, place, (const double[FIELDS]){[A_REAL] = disc.x, [A_IMAG] = disc.y, [B_REAL] = disc.radius});
}

static void fill(const struct window *window, struct place place, int32_t count)
{
    const int width = place_width(window, place), height = place_height(window, place);
    int32_t *row = window->counts + place.row * window->stride + place.column;
    for (int j = 0; j < height; j++, row += window->stride)
        for (int i = 0; i < width; i++)
            row[i] = count;
}

static bool add_pixels(struct stream *stream, const struct window *window, struct place place)
{
    const int width = place_width(window, place), height = place_height(window, place);
    const double *const x = window->x + place.column, *const y = window->y + place.row;
    int32_t position = window->position + (int32_t)(place.row * window->stride) + place.column;
    for (int j = 0; j < height; j++, position += (int32_t)window->stride)
        if (!(width == SMALLEST_TILE ? add_points(stream, x, y[j], SMALLEST_TILE, position)
                                     : add_points(stream, x, y[j], width, position)))
            return false;
    return true;
}

/* Replaces tile `index`, which straddles |z| = 2, by its four quarters, appended to the same list: at t = s + q t', the
 * polynomial is (a + Bs + Ds^2) + q (B + 2Ds) t' + q^2 D t'^2. The true s and q differ from the computed ones by less
 * than 8u, and |t| <= 1 + 8u, which moves the polynomial by less than 16u (|B| + 3|D|); rounding its coefficients adds
 * less than 10u (|a| + 2|B| + 4|D|). One step ago was |a| + |B| + |D| < 2, hence right after it |a| < 6, |B| < 2,
 * |D| < 4, and after up to two splits |a| < 30, |B| < 20, |D| < 4: together less than 1500u < SPLIT_SLACK = 9000u.
 * Before the first step, and where r has become so large that little would come of it, the quarters start anew. */
static void split(struct tiling *tiling, struct tiles *tiles, int index, const struct window *window, int32_t n)
{
    const struct place place = unpack_place(tiles->place[index]);
    double f[FIELDS];
    for (int k = 0; k < FIELDS; k++)
        f[k] = tiles->field[k][index];
    const struct disc parent = cover(window, place);
    const double scale = 1.0 / parent.radius;
    const int half = place.size / 2;
    for (int quarter = 0; quarter < 4; quarter++) {
        const struct place part = {place.column + (quarter & 1) * half, place.row + (quarter >> 1) * half, half};
        if (part.column >= window->width || part.row >= window->height)
            continue;
        if (n == 0) {
            add_new_tile(tiles, window, part);
            continue;
        }
        if (!(f[ERROR] <= LARGEST_ERROR)) {
            tiling->again[tiling->again_size++] = pack_place(part.column, part.row, part.size);
            continue;
        }
        const struct disc disc = cover(window, part);
        const double sx = (disc.x - parent.x) * scale, sy = (disc.y - parent.y) * scale;
        const double q = disc.radius * scale;
        const double ds_real = f[D_REAL] * sx - f[D_IMAG] * sy, ds_imag = f[D_REAL] * sy + f[D_IMAG] * sx;
        const double b_real = f[B_REAL] + ds_real, b_imag = f[B_IMAG] + ds_imag;
        add_tile(tiles, part,
                 (const double[FIELDS]){
                     [A_REAL] = f[A_REAL] + (b_real * sx - b_imag * sy),
                     [A_IMAG] = f[A_IMAG] + (b_real * sy + b_imag * sx),
                     [B_REAL] = q * (b_real + ds_real),
                     [B_IMAG] = q * (b_imag + ds_imag),
                     [D_REAL] = q * q * f[D_REAL],
                     [D_IMAG] = q * q * f[D_IMAG],
                     [ERROR] = f[ERROR] + SPLIT_SLACK,
                 });
    }
}

/* What became of a vector of tiles; in none of the sets: they go on. */
struct verdict {
    unsigned escaped, trapped, undecided;
};

/* Judges `lanes` tiles from `at` on and appends those that go on, one step later, to `next`. */
INLINE struct verdict judge(const struct work *work, const struct tiles *tiles, int at, int lanes, struct tiles *next)
{
    const struct julia_trap *trap = &work->trap;
    vdouble f[FIELDS];
    for (int k = 0; k < FIELDS; k++)
        f[k] = load(tiles->field[k] + at);
    const vdouble a_real = f[A_REAL], a_imag = f[A_IMAG], b_real = f[B_REAL], b_imag = f[B_IMAG];
    const vdouble d_real = f[D_REAL], d_imag = f[D_IMAG], error = f[ERROR];
    const vdouble a = norm_above(a_real, a_imag), b = norm_above(b_real, b_imag), d = norm_above(d_real, d_imag);
    const vdouble spread = b + d + error;

    const unsigned valid = (1u << lanes) - 1;
    const unsigned inside = lane_bits(below(a + spread, broadcast(2.0 - MARGIN))) & valid;
    const unsigned escaped =
        lane_bits(below(broadcast(2.0 + MARGIN), fused(a, broadcast(1.0 - 0x1p-20), broadcast(-1e-18)) - spread)) & valid;
    /* |a - w| + spread < radius, squared: MARGIN covers the roundings. */
    const vdouble off_x = a_real - broadcast(trap->x), off_y = a_imag - broadcast(trap->y);
    const vdouble room = broadcast(trap->radius - MARGIN) - spread;
    const unsigned trapped = lane_bits(below(broadcast(0.0), room) & below(fused(off_x, off_x, off_y * off_y), room * room)) & inside;
    const unsigned goes_on = lane_bits(below(error, broadcast(LARGEST_ERROR))) & inside & ~trapped;

    const vdouble twice_real = a_real + a_real, twice_imag = a_imag + a_imag;
    const vdouble stepped[FIELDS] = {
        [A_REAL] = fused(a_real, a_real, broadcast(work->grid->c_real) - a_imag * a_imag),
        [A_IMAG] = fused(twice_real, a_imag, broadcast(work->grid->c_imag)),
        [B_REAL] = fused(twice_real, b_real, -(twice_imag * b_imag)),
        [B_IMAG] = fused(twice_real, b_imag, twice_imag * b_real),
        [D_REAL] = fused(twice_real, d_real, -(twice_imag * d_imag)) + fused(b_real, b_real, -(b_imag * b_imag)),
        [D_IMAG] = fused(twice_real, d_imag, twice_imag * d_real) + (b_real + b_real) * b_imag,
        [ERROR] = fused(fused(broadcast(2.0), a + b + d, error), error, fused(d, fused(broadcast(2.0), b, d), broadcast(SLACK))),
    };
    if (goes_on) {
        for (int k = 0; k < FIELDS; k++)
            compact(next->field[k] + next->size, stepped[k], goes_on);
        compact_ints(next->place + next->size, tiles->place + at, goes_on);
        next->size += __builtin_popcount(goes_on);
    }
    return (struct verdict){escaped, trapped, valid & ~(escaped | trapped | goes_on)};
}

/* Takes the tiles in lists[0], before their first step, to the end. */
static bool settle(struct tiling *tiling, struct stream *stream, const struct window *window)
{
    struct work *work = stream->work;
    struct tiles *tiles = &tiling->lists[0], *next = &tiling->lists[1];
    for (int32_t n = 0; tiles->size && n < work->grid->max_iterations; n++) {
        next->size = 0;
        for (int at = 0, lanes; at < tiles->size; at += lanes) { /* the list grows as tiles are split */
            lanes = tiles->size - at < LANES ? tiles->size - at : LANES;
            const struct verdict verdict = judge(work, tiles, at, lanes, next);
            for (unsigned bits = verdict.escaped; bits; bits &= bits - 1)
                fill(window, unpack_place(tiles->place[at + __builtin_ctz(bits)]), n);
            for (unsigned bits = verdict.undecided; bits; bits &= bits - 1) {
                const int index = at + __builtin_ctz(bits);
                const struct place place = unpack_place(tiles->place[index]);
                if (place.size > SMALLEST_TILE)
                    split(tiling, tiles, index, window, n);
                else if (!add_pixels(stream, window, place))
                    return false;
            }
        }
        if (stop_after(work, 10L * (tiles->size / LANES + 1)))
            return false;
        struct tiles *const swap = tiles;
        tiles = next;
        next = swap;
    }
    return true;
}

/* Settles the tiles of a window, all of whose counts were preset to the limit; points that no tile settles
 * go to the stream. */
static bool settle_window(struct tiling *tiling, struct stream *stream, const struct window *window)
{
    tiling->again_size = 0;
    tiling->lists[0].size = 0;
    for (int row = 0; row < window->height; row += LARGEST_TILE)
        for (int column = 0; column < window->width; column += LARGEST_TILE)
            add_new_tile(&tiling->lists[0], window, (struct place){column, row, LARGEST_TILE});
    while (tiling->lists[0].size) {
        if (!settle(tiling, stream, window))
            return false;
        tiling->lists[0].size = 0;
        for (int i = 0; i < tiling->again_size; i++)
            add_new_tile(&tiling->lists[0], window, unpack_place(tiling->again[i]));
        tiling->again_size = 0;
    }
    return true;
}

#endif
