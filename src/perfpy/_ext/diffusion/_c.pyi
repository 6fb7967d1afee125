from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ISA: str

def diffuse(
    start: NDArray[np.floating],
    steps: int,
    weights: Sequence[float],
    sides: Sequence[tuple[int, int]],
    diffusivity: NDArray[np.floating] | None,
    out: NDArray[np.floating],
    /,
) -> None: ...
def implicit(
    start: NDArray[np.floating],
    steps: int,
    weights: Sequence[float],
    sides: Sequence[tuple[int, int]],
    out: NDArray[np.floating],
    /,
) -> None: ...

class Plan:
    def __new__(
        cls,
        start: NDArray[np.floating],
        steps: int,
        weights: Sequence[float],
        sides: Sequence[tuple[int, int]],
        diffusivity: NDArray[np.floating] | None,
        out: NDArray[np.floating],
        workers: int,
    ) -> Plan: ...
    def work(self) -> None: ...
