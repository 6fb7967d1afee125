from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

ISA: str

def hash_key(key: object, seed: int, /) -> int: ...
def hash_keys(keys: Iterable[object], seed: int, out: NDArray[np.uint64], /) -> int: ...
