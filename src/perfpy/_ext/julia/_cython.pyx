# cython: boundscheck=False, wraparound=False, cdivision=True
"""The pixel loop compiled by Cython: no Python objects inside, the GIL released."""

from libc.math cimport hypot


cdef inline int count(double x, double y, double c_real, double c_imag, int limit) noexcept nogil:
    cdef int n = 0
    cdef double real
    while n < limit and hypot(x, y) < 2.0:
        real = x * x - y * y + c_real
        y = x * y + y * x + c_imag
        x = real
        n += 1
    return n


def julia(const double[::1] x, const double[::1] y, double c_real, double c_imag, int max_iterations, int[:, ::1] out):
    """Fill out with the count of every point."""
    cdef Py_ssize_t row, column
    with nogil:
        for row in range(y.shape[0]):
            for column in range(x.shape[0]):
                out[row, column] = count(x[column], y[row], c_real, c_imag, max_iterations)
