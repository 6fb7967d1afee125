import numpy as np
from numpy.typing import NDArray

ISA: str

def julia(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    c: complex,
    max_iterations: int,
    out: NDArray[np.int32],
    /,
) -> None: ...
