# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Rows that the C compiler turns into SIMD instructions, several steps per pass through memory.

The arguments are those of `_rows.Advance` in the technique's folder, where the layout is explained. A function for
each kind of step takes a run of cells, so that its loop has nothing in it but arithmetic.
"""

from libc.stdint cimport int64_t
from libc.string cimport memmove

cdef enum:
    SLICE = 1 << 24  # cells between two looks at signals: some milliseconds

ctypedef fused real:
    float
    double

cdef struct Axis:
    int64_t stride
    int64_t begin
    int64_t end
    int64_t before
    int64_t before_of
    int64_t after
    int64_t after_of
    int64_t periodic


cdef void isotropic_1d(const real *cells, real *result, Py_ssize_t count, real two, real weight) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(count):
        result[i] = cells[i] + weight * ((cells[i - 1] + cells[i + 1]) - two * cells[i])


cdef void isotropic_2d(
    const real *cells, real *result, Py_ssize_t count, Py_ssize_t stride, real four, real weight
) noexcept nogil:
    cdef const real *above = cells - stride
    cdef const real *below = cells + stride
    cdef Py_ssize_t i
    cdef real total
    for i in range(count):
        total = ((above[i] + below[i]) + cells[i - 1]) + cells[i + 1]
        result[i] = cells[i] + weight * (total - four * cells[i])


cdef void isotropic_3d(
    const real *cells, real *result, Py_ssize_t count, Py_ssize_t far, Py_ssize_t near, real six, real weight
) noexcept nogil:
    cdef const real *a = cells - far
    cdef const real *b = cells + far
    cdef const real *c = cells - near
    cdef const real *d = cells + near
    cdef Py_ssize_t i
    cdef real total
    for i in range(count):
        total = ((((a[i] + b[i]) + c[i]) + d[i]) + cells[i - 1]) + cells[i + 1]
        result[i] = cells[i] + weight * (total - six * cells[i])


cdef void anisotropic_2d(
    const real *cells, real *result, Py_ssize_t count, Py_ssize_t stride, real two, const real *weights
) noexcept nogil:
    cdef const real *above = cells - stride
    cdef const real *below = cells + stride
    cdef real weight0 = weights[0], weight1 = weights[1], twice
    cdef Py_ssize_t i
    for i in range(count):
        twice = two * cells[i]
        result[i] = cells[i] + (
            weight0 * ((above[i] + below[i]) - twice) + weight1 * ((cells[i - 1] + cells[i + 1]) - twice)
        )


cdef void anisotropic_3d(
    const real *cells, real *result, Py_ssize_t count, Py_ssize_t far, Py_ssize_t near, real two, const real *weights
) noexcept nogil:
    cdef const real *a = cells - far
    cdef const real *b = cells + far
    cdef const real *c = cells - near
    cdef const real *d = cells + near
    cdef real weight0 = weights[0], weight1 = weights[1], weight2 = weights[2], twice, change
    cdef Py_ssize_t i
    for i in range(count):
        twice = two * cells[i]
        change = weight0 * ((a[i] + b[i]) - twice) + weight1 * ((c[i] + d[i]) - twice)
        result[i] = cells[i] + (change + weight2 * ((cells[i - 1] + cells[i + 1]) - twice))


cdef void run(
    int kind, const real *cells, real *result, Py_ssize_t count, const Axis *axes, real two, const real *weights
) noexcept nogil:
    """Take a step with cells that are contiguous."""
    cdef Py_ssize_t far = axes[0].stride, near = axes[1].stride
    if kind == 1:
        isotropic_1d(cells, result, count, two, weights[0])
    elif kind == 2:
        isotropic_2d(cells, result, count, far, two + two, weights[0])
    elif kind == 3:
        isotropic_3d(cells, result, count, far, near, two + two + two, weights[0])
    elif kind == -2:
        anisotropic_2d(cells, result, count, far, two, weights)
    else:
        anisotropic_3d(cells, result, count, far, near, two, weights)


cdef void copy(real *cells, const Axis *axis, Py_ssize_t count) noexcept nogil:
    """Renew the copies beside an axis, so many contiguous cells of each."""
    if axis.before >= 0:
        memmove(cells + axis.before * axis.stride, cells + axis.before_of * axis.stride, count * sizeof(real))
    if axis.after >= 0:
        memmove(cells + axis.after * axis.stride, cells + axis.after_of * axis.stride, count * sizeof(real))


cdef void copy_slabs(real *cells, const Axis *axis, Py_ssize_t count) noexcept nogil:
    """Put copies of slabs before and after a field whose first axis is periodic."""
    cdef Py_ssize_t size = axis.end - axis.begin, stride = axis.stride, k
    for k in range(count):
        memmove(
            cells + (axis.begin - 1 - k) * stride, cells + (axis.begin - 1 - k + size) * stride, stride * sizeof(real)
        )
        memmove(cells + (axis.end + k) * stride, cells + (axis.end + k - size) * stride, stride * sizeof(real))


cdef void step(
    int kind, const real *source, real *target, Py_ssize_t begin, Py_ssize_t end, const Axis *axes, real two,
    const real *weights,
) noexcept nogil:
    """Take a step with slabs, and renew the copies beside them."""
    cdef const Axis *last = axes + 2
    cdef Py_ssize_t slab, line, place
    if kind == 1:
        run(kind, source + begin, target + begin, end - begin, axes, two, weights)
    else:
        for slab in range(begin, end):
            for line in range(axes[1].begin, axes[1].end):
                place = slab * axes[0].stride + line * axes[1].stride
                run(
                    kind, source + place + last.begin, target + place + last.begin, last.end - last.begin, axes,
                    two, weights,
                )
                copy(target + place, last, 1)
            copy(target + slab * axes[0].stride, axes + 1, axes[1].stride)
    if begin <= axes[0].before_of < end or begin <= axes[0].after_of < end:
        copy(target, axes, axes[0].stride)


cdef bint work(
    int kind, real[:, ::1] buffers, const int64_t[:, ::1] table, int64_t levels, int64_t slabs, int64_t steps,
    real two, const real[::1] weights, int64_t[::1] state,
) noexcept nogil:
    cdef const Axis *axes = <const Axis *>&table[0, 0]
    cdef int64_t begin = axes[0].begin, end = axes[0].end, periodic = axes[0].periodic
    cdef int64_t done, count, front, level, more, first, last, budget = SLICE
    while state[0] < steps:
        done = state[0]
        count = min(levels, steps - done)
        if state[1] == 0 and periodic:
            copy_slabs(&buffers[done % 2, 0], axes, count)
        while state[1] < end - begin + 2 * (count - 1) * periodic + count:
            front = begin - (count - 1) * periodic + state[1]
            for level in range(count):
                more = (count - 1 - level) * periodic
                first = max(begin - more, front - level)
                last = min(end + more, front - level + slabs)
                if first < last:
                    step(
                        kind, <const real *>&buffers[(done + level) % 2, 0], &buffers[(done + level + 1) % 2, 0],
                        first, last, axes, two, &weights[0],
                    )
                    budget -= (last - first) * axes[0].stride
            state[1] += slabs
            if budget < 0:
                return False
        state[0] += count
        state[1] = 0
    return True


def advance_double(
    int kind, double[:, ::1] buffers, const int64_t[:, ::1] axes, int64_t levels, int64_t slabs, int64_t steps,
    double two, const double[::1] weights, int64_t[::1] state,
):
    """Work for a slice; return whether all is done."""
    cdef bint done
    with nogil:
        done = work(kind, buffers, axes, levels, slabs, steps, two, weights, state)
    return done


def advance_float(
    int kind, float[:, ::1] buffers, const int64_t[:, ::1] axes, int64_t levels, int64_t slabs, int64_t steps,
    float two, const float[::1] weights, int64_t[::1] state,
):
    """Work for a slice; return whether all is done."""
    cdef bint done
    with nogil:
        done = work(kind, buffers, axes, levels, slabs, steps, two, weights, state)
    return done
