"""The pixel loop compiled by Pythran: Python with a signature in a comment.

A slice of the work ends after some milliseconds and leaves where it is in `z` and `state`, so that the
caller can look after signals in between: Pythran's code cannot do it itself.
"""

import math

SLICE = 1 << 22  # steps between two looks at signals: some milliseconds

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
INSIDE = 4 - 1e-13
OUTSIDE = 4 + 1e-13


# pythran export advance(float64[], float64[], float64, float64, int64, int32[], float64[], int64[])
def advance(x, y, c_real, c_imag, limit, out, z, state):
    """Work for a slice; return whether all is done. `state` is the point and its step, `z` its value."""
    width = len(x)
    size = width * len(y)
    place = state[0]
    n = state[1]
    budget = SLICE
    while place < size:
        row = place // width
        real = z[0] if n > 0 else x[place - row * width]
        imag = z[1] if n > 0 else y[row]
        stop = min(limit, n + budget)
        budget -= stop - n
        escaped = False
        while n < stop and not escaped:
            real_squared = real * real
            imag_squared = imag * imag
            norm = real_squared + imag_squared
            if norm < INSIDE or (norm <= OUTSIDE and math.hypot(real, imag) < 2.0):
                imag = real * imag
                imag = imag + imag + c_imag
                real = real_squared - imag_squared + c_real
                n += 1
            else:
                escaped = True
        budget += stop - n
        if n < limit and not escaped:
            z[0] = real
            z[1] = imag
            break
        out[place] = n
        place += 1
        n = 0
        budget -= 1
    state[0] = place
    state[1] = n
    return place == size
