"""The modes of a field: what an explicit step only multiplies by a number, and that number's powers.

Along an axis the second difference with its two sides has the eigenvalues ``-4*sin(phi)**2`` for known
angles phi, and its eigenvectors are those of a discrete Fourier, cosine or sine transform. A step therefore
multiplies a mode by ``g = 1 - x`` with ``x = sum(4*w*sin(phi)**2)`` over the axes, and `steps` steps by
``g**steps``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ._problem import Side

Real: TypeAlias = NDArray[np.float64]


class Kind(Enum):
    """The transform that belongs to the sides of an axis."""

    PERIODIC = auto()  #: real Fourier transform
    COSINE = auto()  #: DCT-II: both sides reflecting
    SINE = auto()  #: DST-I: both sides held
    QUARTER = auto()  #: the first side held, the last reflecting: half the modes of a DST-I of twice the size


class Axis(NamedTuple):
    """The cells of an axis that are not held.

    Attributes
    ----------
    kind : Kind
        The transform.
    cells : slice
        Where they are; from the last to the first if only the last side is held.
    size : int
        How many they are.
    weight : float
        The axis's weight in a step.
    held : tuple of int
        The indices of the held cells next to the first and next to the last of them.
    """

    kind: Kind
    cells: slice
    size: int
    weight: float
    held: tuple[int, ...] = ()

    @property
    def parts(self) -> int:
        """How many real numbers a mode is: the cosine and the sine of a periodic axis go together."""
        return 2 if self.kind is Kind.PERIODIC else 1

    @property
    def doubled(self) -> int:
        """How often the transform takes a cell: QUARTER has its mirror image, too."""
        return 2 if self.kind is Kind.QUARTER else 1

    @property
    def trivial(self) -> bool:
        """Whether there is one cell that is its own neighbour, and nothing to transform."""
        return self.kind is Kind.COSINE and self.size == 1


def axis_of(size: int, sides: tuple[Side, Side], weight: float) -> Axis:
    """Describe an axis of so many cells, held ones included."""
    match sides:
        case (Side.HELD, Side.HELD):
            return Axis(Kind.SINE, slice(1, max(size - 1, 1)), max(size - 2, 0), weight, (0, size - 1))
        case (Side.HELD, _):
            return Axis(Kind.QUARTER, slice(1, size), size - 1, weight, (0,))
        case (_, Side.HELD):
            return Axis(Kind.QUARTER, slice(-2, -size - 1, -1), size - 1, weight, (size - 1,))
        case (Side.PERIODIC, _) if size > 1:
            return Axis(Kind.PERIODIC, slice(0, size), size, weight)
        case _:
            return Axis(Kind.COSINE, slice(0, size), size, weight)


def angles(axis: Axis) -> tuple[range, int]:
    """Return p of every mode, and q: the eigenvalues of the second difference are -4*sin(pi/2 * p/q)**2."""
    n = axis.size
    match axis.kind:
        case Kind.PERIODIC:
            return range(0, n + 1, 2), n
        case Kind.COSINE:
            return range(n), n
        case Kind.SINE:
            return range(1, n + 1), n + 1
        case Kind.QUARTER:
            return range(1, 2 * n, 2), 2 * n + 1


class Waves(NamedTuple):
    """The modes of an axis: numbers of each, to full relative accuracy.

    Attributes
    ----------
    rate : array of float
        ``4*w*sin(phi)**2``, the axis's share of x: what a step takes off.
    rest : array of float
        ``4*w*cos(phi)**2``, the axis's share of ``2 - x``, besides the margin.
    reach : array of float
        ``2*w*sin(2*phi)``: how much of each is in what a step adds at the first cell for a held cell of 1.
    """

    rate: Real
    rest: Real
    reach: Real

    def first(self, count: int) -> Waves:
        """Return the first modes only."""
        return Waves(self.rate[:count], self.rest[:count], self.reach[:count])


def waves(axis: Axis) -> Waves:
    """Return the modes of an axis."""
    numerators, q = angles(axis)
    p = np.arange(numerators.start, numerators.stop, numerators.step, dtype=np.float64)
    sine, cosine = np.sin(0.5 * np.pi * (p / q)), np.sin(0.5 * np.pi * ((q - p) / q))
    quadruple = 4.0 * axis.weight
    return Waves(quadruple * (sine * sine), quadruple * (cosine * cosine), quadruple * (sine * cosine))


def margin(weights: Iterable[float]) -> float:
    """Return ``2 - sum(4*w)``, rounded once: how far the fastest mode is from growing."""
    return math.fsum([2.0, *(-4.0 * weight for weight in weights)])


def log_power(rate: Real, rest: Real, steps: int) -> Real:
    """Return ``log(abs(1 - x)**steps)`` for x = `rate` and 2 - x = `rest`, without cancellation."""
    nearer = np.minimum(np.minimum(rate, rest), 1.0)  # which rounding may exceed
    np.negative(nearer, out=nearer)
    with np.errstate(divide="ignore", over="ignore"):
        np.log1p(nearer, out=nearer)
        nearer *= steps
    return nearer


def power(rate: Real, rest: Real, steps: int) -> Real:
    """Return ``(1 - x)**steps``."""
    factor = log_power(rate, rest, steps)
    with np.errstate(over="ignore", under="ignore"):
        np.exp(factor, out=factor)
    if steps % 2:
        np.negative(factor, out=factor, where=rate > rest)
    return factor


def power_and_sum(rate: Real, rest: Real, steps: int) -> tuple[Real, Real]:
    """Return ``g**steps`` and ``1 + g + ... + g**(steps-1)`` with ``g = 1 - x``.

    The sum is ``(1 - g**steps)/x``, or `steps`. The power is accurate to what is a rounding of 1.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        lost = np.expm1(log_power(rate, rest, steps))  # abs(g)**steps - 1
        factor = 1.0 + lost
        if steps % 2:
            np.negative(factor, out=factor, where=rate > rest)
        total = np.where(rate <= rest, -lost, 1.0 - factor) / rate
    return factor, np.where(rate == 0.0, float(steps), total)
