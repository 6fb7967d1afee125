from typing import Any

import numpy as np
from numpy.typing import NDArray

def count(
    registers: NDArray[np.unsignedinteger[Any]],
    chances: NDArray[np.float64],
    indices: NDArray[np.intp],
    capsule: object,
    /,
) -> None: ...
