/* Explicit steps of one or two rows of a plane, vector by vector. Included once for each type of cell.
 *
 * Cost of an isotropic vector: 7 additions or subtractions, 1 multiplication, 1 store. A row by itself loads 5 vectors
 * for each that it computes, two of them across cache lines; two rows at once share the vectors that both need, and load
 * 4. The limit is the arithmetic, 4 cycles per vector of AVX-512, then what the loads across lines add: 4.8 measured in
 * the first-level cache, and 6.3 where the rows come from the second.
 *
 * Four times a cell is two additions, which are exact as the product is: multiplications of subnormal numbers take some
 * processors a hundred cycles and more, additions do not. Around a spike in a field of zeros, as many cells are
 * subnormal as it takes to get from 1e-38 to 1e-45: the book's problem of 640 x 640 cells and 500 steps takes 2.9 times
 * as long in float as one of random numbers with the product, 2.0 times with the additions, which cost the latter 4 %.
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
        return g + weights.rows * ((((above + below) + left) + right) - ((g + g) + (g + g)));
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
