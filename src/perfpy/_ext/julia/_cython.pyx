# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Batches of points in C arrays, with inner loops that the C compiler turns into SIMD instructions.

The method is that of the Numba backend: all points of a batch are at the same step; those that escape are squeezed
out between rounds; early rounds are short and test each step, later ones are long and test their end only.
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport hypot
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc

cdef enum:
    BATCH = 2048  # points; the arrays of a batch stay in the nearest caches
    SHORT = 4  # steps of a round that tests each
    LONG = 16  # steps of a round that tests its end, and steps before the first such round
    SLICE = 1 << 23  # steps of points between two looks at signals: some milliseconds
    SMALLEST = 64  # points that a round costs at least, in time

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
cdef double INSIDE = 4 - 1e-13
cdef double OUTSIDE = 4 + 1e-13
# Where c*c is less, |z| >= 2 - 1e-13 gives |z*z + c| > 4 - 1e-12 - 1.99 > 2, and so for ever.
cdef double NO_RETURN = 1.99 * 1.99

cdef struct Points:
    double real[BATCH + 1]  # compressing writes one place too far
    double imag[BATCH + 1]

cdef struct Work:
    Points memory[3]
    Points *live  # the points that have not escaped, all at the same step
    Points *ends  # where a round takes them
    Points *left  # the starts of those that escape in it
    int64_t place[BATCH + 1]  # where in the result the counts of the live ones go
    int64_t left_place[BATCH + 1]
    double count[BATCH + 1]  # steps done inside; a double, so that every array has elements of one size
    double last[BATCH + 1]  # squared norm at the first test that failed, or at the last one

cdef struct Constant:
    double real
    double imag


cdef Py_ssize_t tested(
    const Points *points, Points *ends, double *counts, double *last, Py_ssize_t size, int steps, Constant c
) noexcept nogil:
    """Advance by a round and count the steps done inside; return how many points came close to |z| = 2."""
    cdef Py_ssize_t k, doubtful = 0
    cdef int done = SHORT
    for k in range(size):
        counts[k] = 0.0
    test_steps(points, ends, counts, last, size, 0, c)
    while done < steps:
        test_steps(ends, ends, counts, last, size, done, c)
        done += SHORT
    for k in range(size):
        doubtful += (last[k] >= INSIDE) & (last[k] <= OUTSIDE)
    return doubtful


cdef void test_steps(
    const Points *points, Points *ends, double *counts, double *last, Py_ssize_t size, int done, Constant c
) noexcept nogil:
    """Go on with the points that were inside in all `done` steps so far, for as many as can be unrolled."""
    cdef Py_ssize_t k
    cdef double real, imag, real_squared, imag_squared, norm, norm_there, inside, count
    cdef int step
    for k in range(size):
        real = points.real[k]
        imag = points.imag[k]
        count = counts[k]
        norm_there = last[k]
        inside = 1.0 if count == done else 0.0
        for step in range(SHORT):
            real_squared = real * real
            imag_squared = imag * imag
            norm = real_squared + imag_squared
            norm_there = norm if inside > 0.0 else norm_there  # stays as it was at the exit
            inside = inside if norm < INSIDE else 0.0
            count += inside
            imag = real * imag  # not (real + real) * imag, which rounds differently where it is subnormal
            imag = imag + imag + c.imag
            real = real_squared - imag_squared + c.real
        ends.real[k] = real
        ends.imag[k] = imag
        counts[k] = count
        last[k] = norm_there


cdef Py_ssize_t untested(
    const Points *points, Points *ends, double *last, Py_ssize_t size, Constant c
) noexcept nogil:
    """Advance by a long round; return how many points are inside at its end."""
    cdef Py_ssize_t k, inside = 0
    cdef double real, imag, real_squared, imag_squared
    cdef int step
    for k in range(size):
        real = points.real[k]
        imag = points.imag[k]
        for step in range(LONG):
            real_squared = real * real
            imag_squared = imag * imag
            imag = real * imag
            imag = imag + imag + c.imag
            real = real_squared - imag_squared + c.real
        ends.real[k] = real
        ends.imag[k] = imag
        last[k] = real * real + imag * imag
    for k in range(size):
        inside += last[k] < INSIDE
    return inside


cdef void settle(
    const Points *points, Points *ends, double *counts, const double *last, Py_ssize_t size, int steps, Constant c
) noexcept nogil:
    """Run the points of a tested round again that came too close to |z| = 2 for x*x + y*y."""
    cdef Py_ssize_t k
    cdef double real, imag, product
    cdef int count
    for k in range(size):
        if last[k] < INSIDE or not last[k] <= OUTSIDE:
            continue
        real = points.real[k]
        imag = points.imag[k]
        count = 0
        while count < steps and hypot(real, imag) < 2.0:
            product = real * imag
            real = real * real - imag * imag + c.real
            imag = product + product + c.imag
            count += 1
        ends.real[k] = real
        ends.imag[k] = imag
        counts[k] = count


cdef Py_ssize_t keep(
    Work *work, Py_ssize_t live, const int64_t *places, Py_ssize_t size, int steps, int64_t n, int64_t limit, int32_t *out
) noexcept nogil:
    """Write the counts after a tested round and append the points still inside; return how many are live."""
    cdef Points *points = work.live
    cdef const Points *ends = work.ends
    cdef Py_ssize_t k
    cdef int64_t total, place
    for k in range(size):
        place = places[k]
        total = n + <int64_t>work.count[k]
        out[place] = <int32_t>(total if total < limit else limit)  # not final for points that go on
        points.real[live] = ends.real[k]
        points.imag[live] = ends.imag[k]
        work.place[live] = place
        live += work.count[k] == steps
    return live


cdef void part(Work *work, Py_ssize_t size) noexcept nogil:
    """Part a batch after an untested round: the points inside advance, the others' starts go to `left`."""
    cdef Points *points = work.live
    cdef Points *left = work.left
    cdef const Points *ends = work.ends
    cdef Py_ssize_t k, gone, live = 0
    for k in range(size):
        gone = k - live
        left.real[gone] = points.real[k]
        left.imag[gone] = points.imag[k]
        work.left_place[gone] = work.place[k]
        points.real[live] = ends.real[k]
        points.imag[live] = ends.imag[k]
        work.place[live] = work.place[k]
        live += work.last[k] < INSIDE


cdef Py_ssize_t short_round(Work *work, Py_ssize_t size, int64_t n, int64_t limit, Constant c, int32_t *out) noexcept nogil:
    """Advance the batch by a round that tests each step; return how many points stay."""
    if tested(work.live, work.ends, work.count, work.last, size, SHORT, c):
        settle(work.live, work.ends, work.count, work.last, size, SHORT, c)
    return keep(work, 0, work.place, size, SHORT, n, limit, out)


cdef Py_ssize_t long_round(Work *work, Py_ssize_t size, int64_t n, int64_t limit, Constant c, int32_t *out) noexcept nogil:
    """Advance the batch by a round that tests its end, and those outside then once more with tests."""
    cdef Py_ssize_t inside = untested(work.live, work.ends, work.last, size, c)
    cdef Py_ssize_t gone = size - inside
    if gone == 0:
        work.live, work.ends = work.ends, work.live
        return size
    part(work, size)
    if tested(work.left, work.ends, work.count, work.last, gone, LONG, c):
        settle(work.left, work.ends, work.count, work.last, gone, LONG, c)
    return keep(work, inside, work.left_place, gone, LONG, n, limit, out)


cdef Py_ssize_t load(
    Work *work, const double *x, Py_ssize_t width, const double *y, Py_ssize_t height, Py_ssize_t first
) noexcept nogil:
    """Fill a batch with the points of the grid from number `first` on, row by row; return how many."""
    cdef Py_ssize_t row = first // width, column = first % width, k
    cdef Py_ssize_t size = min(<Py_ssize_t>BATCH, width * height - first)
    for k in range(size):
        work.live.real[k] = x[column]
        work.live.imag[k] = y[row]
        work.place[k] = first + k
        column += 1
        if column == width:
            column = 0
            row += 1
    return size


def julia(
    const double[::1] x, const double[::1] y, double c_real, double c_imag, int32_t max_iterations, int32_t[:, ::1] out
):
    """Fill out with the count of every point; nothing may be empty."""
    cdef Constant c = Constant(c_real, c_imag)
    cdef int64_t limit = max_iterations, n = 0, budget = SLICE
    cdef int64_t early = LONG if c_real * c_real + c_imag * c_imag < NO_RETURN else limit
    cdef Py_ssize_t width = x.shape[0], height = y.shape[0], first = 0, live = 0, k
    cdef int32_t *counts = &out[0, 0]
    cdef Work *work = <Work *>malloc(sizeof(Work))
    if work == NULL:
        raise MemoryError("no memory for a batch of points")
    work.live, work.ends, work.left = &work.memory[0], &work.memory[1], &work.memory[2]
    try:
        with nogil:
            while True:
                if live == 0 or n >= limit:
                    for k in range(live):
                        counts[work.place[k]] = max_iterations
                    live = load(work, &x[0], width, &y[0], height, first)
                    if live == 0:
                        break
                    first += live
                    n = 0
                elif n < early:
                    budget -= max(live, SMALLEST) * SHORT
                    live = short_round(work, live, n, limit, c, counts)
                    n += SHORT
                else:
                    budget -= max(live, SMALLEST) * LONG
                    live = long_round(work, live, n, limit, c, counts)
                    n += LONG
                if budget < 0:
                    budget = SLICE
                    with gil:
                        PyErr_CheckSignals()
    finally:
        free(work)
