import numpy as np
from numpy.typing import NDArray

def advance(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    c_real: float,
    c_imag: float,
    limit: int,
    out: NDArray[np.int32],
    lanes: NDArray[np.float64],
    places: NDArray[np.int64],
    state: NDArray[np.int64],
) -> bool: ...
