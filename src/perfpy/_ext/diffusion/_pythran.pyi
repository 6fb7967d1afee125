import numpy as np
from numpy.typing import NDArray

def advance(
    kind: int,
    buffers: NDArray[np.float64] | NDArray[np.float32],
    axes: NDArray[np.int64],
    levels: int,
    slabs: int,
    steps: int,
    two: float | np.float32,
    weights: NDArray[np.float64] | NDArray[np.float32],
    state: NDArray[np.int64],
) -> bool: ...
