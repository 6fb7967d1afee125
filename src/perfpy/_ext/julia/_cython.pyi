import numpy as np
from numpy.typing import NDArray

def julia(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    c_real: float,
    c_imag: float,
    max_iterations: int,
    out: NDArray[np.int32],
) -> None: ...
