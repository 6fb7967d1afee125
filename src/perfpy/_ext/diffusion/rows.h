/* Explicit steps of one or two rows of a plane, vector by vector. Included once for each type of cell.
 *
 * Cost of an isotropic vector: 7 additions or subtractions, 1 multiplication, 1 store. A row by itself loads 5 vectors
 * for each that it computes, two of them across cache lines; two rows at once share the vectors that both need, and load
 * 4. The limit is the arithmetic, 4 cycles per vector of AVX-512, then what the loads across lines add: 4.8 measured in
 * the first-level cache, and 6.3 where the rows come from the second.
 *
 * Four times a cell is two additions, which are exact as the product is, and fast for subnormal numbers, too: see
 * careful.h.
 *
 * Needs REAL, the type of a cell, and NAMED(name), which tells the functions of the types apart.
 */
typedef REAL NAMED(vector) __attribute__((vector_size(VECTOR_BYTES)));

enum { NAMED(LANES) = VECTOR_BYTES / sizeof(REAL) };

INLINE NAMED(vector) NAMED(load)(const REAL *from)
{
    NAMED(vector) v;
    memcpy(&v, from, sizeof v);
    KEEP(v);
    return v;
}

INLINE void NAMED(store)(REAL *to, NAMED(vector) v)
{
    memcpy(to, &v, sizeof v);
}

INLINE NAMED(vector) NAMED(broadcast)(REAL value)
{
    return (NAMED(vector)){0} + value;
}

/* The weights of the axes, in all lanes. */
struct NAMED(weights) {
    NAMED(vector) rows, columns;
};

/* The weight times what flows to cells from those beside them: the sum of these less as many times themselves. */
INLINE NAMED(vector) NAMED(flow)(NAMED(vector) weight, NAMED(vector) sum, NAMED(vector) same, bool careful)
{
    return careful ? NAMED(careful_flow)(weight, sum, same) : weight * (sum - same);
}

/* Whether to be careful with cells whose neighbours have these sums; never if `caution` is NULL. */
INLINE bool NAMED(beware)(NAMED(vector) sums, struct caution *caution)
{
    if (!caution || !NAMED(any_small)(sums))
        return false;
    caution->met = true;
    return true;
}

/* The cells beside some cells: above, below, left and right of them. */
struct NAMED(cross) {
    NAMED(vector) above, below, left, right;
};

INLINE NAMED(vector) NAMED(sum)(struct NAMED(cross) beside)
{
    return ((beside.above + beside.below) + beside.left) + beside.right;
}

/* The cells `g` after a step. */
INLINE NAMED(vector) NAMED(stepped)(NAMED(vector) g, struct NAMED(cross) beside, struct NAMED(weights) weights,
                                    bool isotropic, bool careful)
{
    const NAMED(vector) twice = g + g;
    if (isotropic)
        return g + NAMED(flow)(weights.rows, NAMED(sum)(beside), twice + twice, careful);
    return g + (NAMED(flow)(weights.rows, beside.above + beside.below, twice, careful) +
                NAMED(flow)(weights.columns, beside.left + beside.right, twice, careful));
}

/* One row from `begin` to `end`, multiples of the lanes. `to` may be `above`. */
INLINE void NAMED(step_row)(REAL *to, const REAL *above, const REAL *row, const REAL *below, ptrdiff_t begin,
                            ptrdiff_t end, struct NAMED(weights) weights, bool isotropic, struct caution *caution)
{
    for (ptrdiff_t i = begin; i < end; i += NAMED(LANES)) {
        const NAMED(vector) g = NAMED(load)(row + i);
        const struct NAMED(cross) beside = {NAMED(load)(above + i), NAMED(load)(below + i), NAMED(load)(row + i - 1),
                                            NAMED(load)(row + i + 1)};
        if (NAMED(beware)(NAMED(sum)(beside), caution))
            NAMED(store)(to + i, NAMED(stepped)(g, beside, weights, isotropic, true));
        else
            NAMED(store)(to + i, NAMED(stepped)(g, beside, weights, isotropic, false));
    }
}

/* Two rows, `row` and `next`, to `to` and `to_next`. `to` may be `above`, and `to_next` may be `row`: its stores stay
 * one vector behind the loads, so that the left neighbours are read before they are written over.
 *
 * When it comes to caution the sums of the first row stand for those of the second: they differ little where a field
 * is smooth, and where it is not the limit is far from what is slow. */
INLINE void NAMED(step_two_rows)(REAL *to, REAL *to_next, const REAL *above, const REAL *row, const REAL *next,
                                 const REAL *below, ptrdiff_t begin, ptrdiff_t end, struct NAMED(weights) weights,
                                 bool isotropic, struct caution *caution)
{
    enum { LANES = NAMED(LANES) };
    NAMED(vector) late = NAMED(load)(to_next + begin - LANES);
#pragma GCC unroll 4
    for (ptrdiff_t i = begin; i < end; i += LANES) {
        const NAMED(vector) g = NAMED(load)(row + i), h = NAMED(load)(next + i);
        const struct NAMED(cross) of_g = {NAMED(load)(above + i), h, NAMED(load)(row + i - 1),
                                          NAMED(load)(row + i + 1)};
        const struct NAMED(cross) of_h = {g, NAMED(load)(below + i), NAMED(load)(next + i - 1),
                                          NAMED(load)(next + i + 1)};
        NAMED(vector) stepped, stepped_next;
        if (NAMED(beware)(NAMED(sum)(of_g), caution)) {
            stepped = NAMED(stepped)(g, of_g, weights, isotropic, true);
            stepped_next = NAMED(stepped)(h, of_h, weights, isotropic, true);
        } else {
            stepped = NAMED(stepped)(g, of_g, weights, isotropic, false);
            stepped_next = NAMED(stepped)(h, of_h, weights, isotropic, false);
        }
        NAMED(store)(to + i, stepped);
        NAMED(store)(to_next + i - LANES, late);
        late = stepped_next;
    }
    NAMED(store)(to_next + end - LANES, late);
}
