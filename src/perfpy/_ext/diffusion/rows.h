/* Explicit steps of one or two rows of a plane, vector by vector. Included once for each type of cell.
 *
 * Cost of an isotropic vector: 5 additions, 2 multiplications, 1 store. A row by itself loads 5 vectors for each that
 * it computes, two of them across cache lines; two rows at once share the vectors that both need, and load 4. The
 * arithmetic takes longer than that, as long as the rows are in the first-level cache.
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

/* The cells `g` after a step; the neighbours above, below, left and right of them are given. */
INLINE NAMED(vector) NAMED(stepped)(NAMED(vector) g, NAMED(vector) above, NAMED(vector) below, NAMED(vector) left,
                                    NAMED(vector) right, struct NAMED(weights) weights, bool isotropic)
{
    if (isotropic)
        return g + weights.rows * ((((above + below) + left) + right) - g * (REAL)4);
    const NAMED(vector) twice = g + g;
    return g + (weights.rows * ((above + below) - twice) + weights.columns * ((left + right) - twice));
}

/* One row from `begin` to `end`, multiples of the lanes. `to` may be `above`. */
INLINE void NAMED(step_row)(REAL *to, const REAL *above, const REAL *row, const REAL *below, ptrdiff_t begin,
                            ptrdiff_t end, struct NAMED(weights) weights, bool isotropic)
{
    for (ptrdiff_t i = begin; i < end; i += NAMED(LANES))
        NAMED(store)(to + i, NAMED(stepped)(NAMED(load)(row + i), NAMED(load)(above + i), NAMED(load)(below + i),
                                            NAMED(load)(row + i - 1), NAMED(load)(row + i + 1), weights, isotropic));
}

/* Two rows, `row` and `next`, to `to` and `to_next`. `to` may be `above`, and `to_next` may be `row`: its stores stay
 * one vector behind the loads, so that the left neighbours are read before they are written over. */
INLINE void NAMED(step_two_rows)(REAL *to, REAL *to_next, const REAL *above, const REAL *row, const REAL *next,
                                 const REAL *below, ptrdiff_t begin, ptrdiff_t end,
                                 struct NAMED(weights) weights, bool isotropic)
{
    enum { LANES = NAMED(LANES) };
    NAMED(vector) late = NAMED(load)(to_next + begin - LANES);
#pragma GCC unroll 4
    for (ptrdiff_t i = begin; i < end; i += LANES) {
        const NAMED(vector) g = NAMED(load)(row + i), h = NAMED(load)(next + i);
        const NAMED(vector) stepped = NAMED(stepped)(g, NAMED(load)(above + i), h, NAMED(load)(row + i - 1),
                                                     NAMED(load)(row + i + 1), weights, isotropic);
        const NAMED(vector) stepped_next = NAMED(stepped)(h, g, NAMED(load)(below + i), NAMED(load)(next + i - 1),
                                                          NAMED(load)(next + i + 1), weights, isotropic);
        NAMED(store)(to + i, stepped);
        NAMED(store)(to_next + i - LANES, late);
        late = stepped_next;
    }
    NAMED(store)(to_next + end - LANES, late);
}
