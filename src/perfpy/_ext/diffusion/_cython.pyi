import numpy as np
from numpy.typing import NDArray

def advance_double(
    kind: int,
    buffers: NDArray[np.float64],
    axes: NDArray[np.int64],
    levels: int,
    slabs: int,
    steps: int,
    two: float,
    weights: NDArray[np.float64],
    state: NDArray[np.int64],
) -> bool: ...
def advance_float(
    kind: int,
    buffers: NDArray[np.float32],
    axes: NDArray[np.int64],
    levels: int,
    slabs: int,
    steps: int,
    two: float,
    weights: NDArray[np.float32],
    state: NDArray[np.int64],
) -> bool: ...
