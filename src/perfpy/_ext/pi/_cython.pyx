# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, cdivision=True
"""Random points inside a circle: runs side by side in loops that the C compiler turns into vector code."""

from libc.stdint cimport int16_t, int32_t, uint32_t, uint64_t

# As in stream.h, which has the reasons.
cdef enum:
    RUN = 1024
    SIDE_BY_SIDE = 64  # runs: their states stay in the nearest cache
    MARGIN = 92682
    SURELY = (1 << 30) - MARGIN
    DOUBTFUL = 2 * MARGIN

cdef struct States:
    uint32_t a[SIDE_BY_SIDE]
    uint32_t b[SIDE_BY_SIDE]
    uint32_t c[SIDE_BY_SIDE]
    uint32_t d[SIDE_BY_SIDE]


cdef inline uint32_t rotated(uint32_t x, int bits) noexcept nogil:
    return x << bits | x >> (32 - bits)


cdef void philox(uint64_t key, uint64_t counter, uint32_t use, uint32_t *out) noexcept nogil:
    cdef uint32_t a = <uint32_t>counter, b = <uint32_t>(counter >> 32), c = 0, d = use
    cdef uint32_t key_0 = <uint32_t>key, key_1 = <uint32_t>(key >> 32)
    cdef uint64_t left, right
    for _ in range(10):
        left = <uint64_t>0xD2511F53 * a
        right = <uint64_t>0xCD9E8D57 * c
        a = <uint32_t>(right >> 32) ^ b ^ key_0
        b = <uint32_t>right
        c = <uint32_t>(left >> 32) ^ d ^ key_1
        d = <uint32_t>left
        key_0 += <uint32_t>0x9E3779B9
        key_1 += <uint32_t>0xBB67AE85
    out[0] = a
    out[1] = b
    out[2] = c
    out[3] = d


cdef inline uint64_t distance(uint32_t coordinate) noexcept nogil:
    return coordinate if coordinate < 1 << 15 else 0xFFFF - coordinate


cdef bint is_inside(uint64_t seed, uint64_t number, uint32_t word) noexcept nogil:
    cdef uint32_t[4] fine
    cdef uint64_t x, y
    philox(seed, number, 1, fine)
    x = distance(word & 0xFFFF) << 16 | (fine[0] & 0xFFFF)
    y = distance(word >> 16) << 16 | fine[0] >> 16
    return x * (x + 1) + y * (y + 1) < <uint64_t>1 << 62


cdef void begin(uint64_t seed, uint64_t run, int runs, States *states) noexcept nogil:
    cdef uint32_t[4] block
    for lane in range(runs):
        philox(seed, run + <uint64_t>lane, 0, block)
        states.a[lane] = block[0]
        states.b[lane] = block[1]
        states.c[lane] = block[2]
        states.d[lane] = block[3]


cdef uint64_t settle(uint64_t seed, uint64_t number, const uint32_t *words, const uint32_t *excesses,
                     int runs) noexcept nogil:
    """Count the points in doubt that are inside."""
    cdef uint64_t inside = 0
    for lane in range(runs):
        if excesses[lane] < <uint32_t>DOUBTFUL:
            inside += is_inside(seed, number + <uint64_t>lane * RUN, words[lane])
    return inside


cdef uint64_t count_runs(uint64_t seed, uint64_t run, int runs, int start, int stop) noexcept nogil:
    """Count the points from `start` on below `stop` in each of some runs."""
    cdef States states
    cdef uint32_t[SIDE_BY_SIDE] words
    cdef uint32_t[SIDE_BY_SIDE] excesses
    cdef uint64_t inside = 0
    cdef uint32_t a, b, c, d, surely, doubtful
    cdef int32_t x, y
    cdef int step, lane
    begin(seed, run, runs, &states)
    for step in range(stop):
        surely = doubtful = 0
        for lane in range(runs):
            a = states.a[lane]
            b = states.b[lane]
            c = states.c[lane]
            d = states.d[lane]
            words[lane] = rotated(a + d, 7) + a
            states.a[lane] = a ^ b ^ d
            states.b[lane] = a ^ b ^ c
            states.c[lane] = a ^ c ^ (b << 9)
            states.d[lane] = rotated(b ^ d, 11)
            x = <int16_t>words[lane]
            y = <int16_t>(words[lane] >> 16)
            excesses[lane] = <uint32_t>(x * x) + <uint32_t>(y * y) - <uint32_t>SURELY
            surely += excesses[lane] >> 31
            doubtful += excesses[lane] < <uint32_t>DOUBTFUL
        if step >= start:
            inside += surely
            if doubtful:
                inside += settle(seed, run * RUN + <uint64_t>step, words, excesses, runs)
    return inside


def count_inside(uint64_t seed, uint64_t start, uint64_t stop):
    """Count the points from number `start` on below `stop` that lie inside the circle."""
    cdef uint64_t inside = 0, run = start // RUN, end = stop // RUN
    with nogil:
        if run == end:
            inside = count_runs(seed, run, 1, <int>(start % RUN), <int>(stop % RUN))
        else:
            if start % RUN:
                inside = count_runs(seed, run, 1, <int>(start % RUN), RUN)
                run += 1
            while run + SIDE_BY_SIDE <= end:
                inside += count_runs(seed, run, SIDE_BY_SIDE, 0, RUN)
                run += SIDE_BY_SIDE
            if run < end:
                inside += count_runs(seed, run, <int>(end - run), 0, RUN)
            inside += count_runs(seed, end, 1, 0, <int>(stop % RUN))
    return inside
