"""Rows that the C++ compiler turns into SIMD instructions, several steps per pass through memory.

The arguments are those of `_rows.Advance` in the technique's folder, where the layout is explained. A
function for each kind of step takes a run of cells, so that its loop has nothing in it but arithmetic.
Its arrays are slices, of which Pythran knows that no index is negative.

A slice of the work ends after some milliseconds and leaves where it is in `state`, so that the caller
can look after signals in between: Pythran's code cannot do it itself.
"""

SLICE = 1 << 24  # cells between two looks at signals: some milliseconds

# What is where in a row of `axes`:
STRIDE = 0
BEGIN = 1
END = 2
BEFORE = 3
BEFORE_OF = 4
AFTER = 5
AFTER_OF = 6
PERIODIC = 7


def isotropic_1d(source, target, first, last, two, weight):
    """Take a step in one dimension."""
    before = source[first - 1 : last - 1]
    cells = source[first:last]
    after = source[first + 1 : last + 1]
    result = target[first:last]
    for i in range(last - first):
        result[i] = cells[i] + weight * ((before[i] + after[i]) - two * cells[i])


def isotropic_2d(source, target, first, last, stride, four, weight):
    """Take a step in two dimensions with equal weights."""
    above = source[first - stride : last - stride]
    below = source[first + stride : last + stride]
    left = source[first - 1 : last - 1]
    cells = source[first:last]
    right = source[first + 1 : last + 1]
    result = target[first:last]
    for i in range(last - first):
        total = ((above[i] + below[i]) + left[i]) + right[i]
        result[i] = cells[i] + weight * (total - four * cells[i])


def isotropic_3d(source, target, first, last, far, near, six, weight):
    """Take a step in three dimensions with equal weights."""
    a = source[first - far : last - far]
    b = source[first + far : last + far]
    c = source[first - near : last - near]
    d = source[first + near : last + near]
    left = source[first - 1 : last - 1]
    cells = source[first:last]
    right = source[first + 1 : last + 1]
    result = target[first:last]
    for i in range(last - first):
        total = ((((a[i] + b[i]) + c[i]) + d[i]) + left[i]) + right[i]
        result[i] = cells[i] + weight * (total - six * cells[i])


def anisotropic_2d(source, target, first, last, stride, two, weight0, weight1):
    """Take a step in two dimensions."""
    above = source[first - stride : last - stride]
    below = source[first + stride : last + stride]
    left = source[first - 1 : last - 1]
    cells = source[first:last]
    right = source[first + 1 : last + 1]
    result = target[first:last]
    for i in range(last - first):
        twice = two * cells[i]
        change = weight0 * ((above[i] + below[i]) - twice) + weight1 * ((left[i] + right[i]) - twice)
        result[i] = cells[i] + change


def anisotropic_3d(source, target, first, last, far, near, two, weights):
    """Take a step in three dimensions."""
    a = source[first - far : last - far]
    b = source[first + far : last + far]
    c = source[first - near : last - near]
    d = source[first + near : last + near]
    left = source[first - 1 : last - 1]
    cells = source[first:last]
    right = source[first + 1 : last + 1]
    result = target[first:last]
    weight0 = weights[0]
    weight1 = weights[1]
    weight2 = weights[2]
    for i in range(last - first):
        twice = two * cells[i]
        change = weight0 * ((a[i] + b[i]) - twice) + weight1 * ((c[i] + d[i]) - twice)
        result[i] = cells[i] + (change + weight2 * ((left[i] + right[i]) - twice))


def run(kind, source, target, first, last, far, near, two, weights):
    """Take a step with cells that are contiguous."""
    if kind == 1:
        isotropic_1d(source, target, first, last, two, weights[0])
    elif kind == 2:
        isotropic_2d(source, target, first, last, far, two + two, weights[0])
    elif kind == 3:
        isotropic_3d(source, target, first, last, far, near, two + two + two, weights[0])
    elif kind == -2:
        anisotropic_2d(source, target, first, last, far, two, weights[0], weights[1])
    else:
        anisotropic_3d(source, target, first, last, far, near, two, weights)


def copy(buffer, place, other, count):
    """Copy contiguous cells from one place to another."""
    for i in range(count):
        buffer[place + i] = buffer[other + i]


def copy_beside(buffer, place, axis, count):
    """Renew the copies beside an axis, so many contiguous cells of each."""
    stride = axis[STRIDE]
    if axis[BEFORE] >= 0:
        copy(buffer, place + axis[BEFORE] * stride, place + axis[BEFORE_OF] * stride, count)
    if axis[AFTER] >= 0:
        copy(buffer, place + axis[AFTER] * stride, place + axis[AFTER_OF] * stride, count)


def copy_slabs(buffer, axis, count):
    """Put copies of slabs before and after a field whose first axis is periodic."""
    stride = axis[STRIDE]
    begin = axis[BEGIN] * stride
    end = axis[END] * stride
    for k in range(count):
        copy(buffer, begin - (k + 1) * stride, end - (k + 1) * stride, stride)
        copy(buffer, end + k * stride, begin + k * stride, stride)


def step(kind, source, target, begin, end, axes, two, weights):
    """Take a step with slabs, and renew the copies beside them."""
    far = axes[0, STRIDE]
    near = axes[1, STRIDE]
    if kind == 1:
        run(kind, source, target, begin, end, far, near, two, weights)
    else:
        for slab in range(begin, end):
            for line in range(axes[1, BEGIN], axes[1, END]):
                place = slab * far + line * near
                run(
                    kind,
                    source,
                    target,
                    place + axes[2, BEGIN],
                    place + axes[2, END],
                    far,
                    near,
                    two,
                    weights,
                )
                copy_beside(target, place, axes[2], 1)
            copy_beside(target, slab * far, axes[1], near)
    if begin <= axes[0, BEFORE_OF] < end or begin <= axes[0, AFTER_OF] < end:
        copy_beside(target, 0, axes[0], far)


# pythran export advance(int, float64[:,:], int64[:,:], int, int, int, float64, float64[:], int64[:])
# pythran export advance(int, float32[:,:], int64[:,:], int, int, int, float32, float32[:], int64[:])
def advance(kind, buffers, axes, levels, slabs, steps, two, weights, state):
    """Work for a slice; return whether all is done."""
    begin = axes[0, BEGIN]
    end = axes[0, END]
    periodic = axes[0, PERIODIC]
    budget = SLICE
    while state[0] < steps:
        done = state[0]
        count = min(levels, steps - done)
        spread = (count - 1) * periodic
        if state[1] == 0 and periodic:
            copy_slabs(buffers[done % 2], axes[0], count)
        while state[1] < end - begin + 2 * spread + count:
            front = begin - spread + state[1]
            for level in range(count):
                more = (count - 1 - level) * periodic
                first = max(begin - more, front - level)
                last = min(end + more, front - level + slabs)
                if first < last:
                    now = (done + level) % 2
                    step(kind, buffers[now], buffers[1 - now], first, last, axes, two, weights)
                    budget -= (last - first) * axes[0, STRIDE]
            state[1] += slabs
            if budget < 0:
                return False
        state[0] += count
        state[1] = 0
    return True
