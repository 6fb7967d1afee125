"""Batches of points compiled by Pythran: the C++ compiler turns the inner loop into SIMD instructions.

All points of a batch are at the same step. A block of steps is taken without a test, which is legal for
abs(c) < 1.99: an escaped orbit never comes back, so a point inside at the end was inside all along. Points
found outside are run once more, one at a time and with tests, for the exact count.

A slice of the work ends after some milliseconds and leaves where it is in the arrays, so that the caller can
look after signals in between: Pythran's code cannot do it itself. Numbers that change in the loop are kept in
`state`, whose type is fixed: Pythran would infer that of a variable from all its uses, through all functions,
and the C++ compiler would run out of memory.
"""

import math

BLOCK = 8  # steps without a test
SLICE = 1 << 22  # steps of points between two looks at signals: some milliseconds
SMALLEST = 64  # points that a block costs at least, in time

# What is where in `state`:
NEXT = 0  # the number of the next point of the grid
LIVE = 1  # how many points of the batch are live
STEP = 2  # how many steps they have taken

# |z| < 2 is decided by x*x + y*y away from 4 and by hypot, as Python's abs does it, this close to it.
INSIDE = 4 - 1e-13
OUTSIDE = 4 + 1e-13
# Where c*c is less, |z| >= 2 - 1e-13 gives |z*z + c| > 4 - 1e-12 - 1.99 > 2, and so for ever.
NO_RETURN = 1.99 * 1.99


def take_steps(real, imag, k, c_real, c_imag, most):
    """Take steps with point `k` while it is inside; return how many."""
    n = 0
    a = real[k]
    b = imag[k]
    while n < most:
        real_squared = a * a
        imag_squared = b * b
        norm = real_squared + imag_squared
        if not (norm < INSIDE or (norm <= OUTSIDE and math.hypot(a, b) < 2.0)):
            break
        b = a * b
        b = b + b + c_imag
        a = real_squared - imag_squared + c_real
        n += 1
    real[k] = a
    imag[k] = b
    return n


def take_block(real, imag, end_real, end_imag, norm, size, c_real, c_imag):
    """Take a block of steps with every point."""
    for k in range(size):
        a = real[k]
        b = imag[k]
        for _ in range(BLOCK):
            real_squared = a * a
            imag_squared = b * b
            b = a * b
            b = b + b + c_imag
            a = real_squared - imag_squared + c_real
        end_real[k] = a
        end_imag[k] = b
        norm[k] = a * a + b * b


def untested(real, imag, end_real, end_imag, norm, places, limit, c_real, c_imag, out, state):
    """Advance the batch by a block and write the counts of the points that escape."""
    n = state[STEP]
    take_block(real, imag, end_real, end_imag, norm, state[LIVE], c_real, c_imag)
    kept = 0
    for k in range(state[LIVE]):
        place = places[k]
        if norm[k] < INSIDE:
            real[kept] = end_real[k]
            imag[kept] = end_imag[k]
            places[kept] = place
            kept += 1
        else:  # at the end of the block it may be inside still, so close to |z| = 2 that the next step leaves
            out[place] = min(limit, n + take_steps(real, imag, k, c_real, c_imag, BLOCK + 1))
    state[LIVE] = kept


def tested(real, imag, places, limit, c_real, c_imag, out, state):
    """Do the same with a test at every step."""
    n = state[STEP]
    kept = 0
    for k in range(state[LIVE]):
        place = places[k]
        count = take_steps(real, imag, k, c_real, c_imag, BLOCK)
        if count == BLOCK:
            real[kept] = real[k]
            imag[kept] = imag[k]
            places[kept] = place
            kept += 1
        else:
            out[place] = min(limit, n + count)
    state[LIVE] = kept


def load(x, y, real, imag, places, state):
    """Fill the batch with the next points of the grid, row by row."""
    first = state[NEXT]
    width = len(x)
    size = min(len(places), width * len(y) - first)
    for k in range(size):
        place = first + k
        row = place // width
        real[k] = x[place - row * width]
        imag[k] = y[row]
        places[k] = place
    state[NEXT] = first + size
    state[LIVE] = size
    state[STEP] = 0


# pythran export advance(float[], float[], float, float, int, int32[], float[:, :], int[], int[])
def advance(x, y, c_real, c_imag, limit, out, lanes, places, state):
    """Work for a slice; return whether there is more to do."""
    real = lanes[0]
    imag = lanes[1]
    no_return = c_real * c_real + c_imag * c_imag < NO_RETURN
    budget = SLICE
    while budget > 0:
        if state[LIVE] == 0 or state[STEP] >= limit:
            for k in range(state[LIVE]):
                out[places[k]] = limit
            load(x, y, real, imag, places, state)
            if state[LIVE] == 0:
                return False
        budget -= max(state[LIVE], SMALLEST) * BLOCK
        if no_return:
            untested(real, imag, lanes[2], lanes[3], lanes[4], places, limit, c_real, c_imag, out, state)
        else:
            tested(real, imag, places, limit, c_real, c_imag, out, state)
        state[STEP] += BLOCK
    return True
