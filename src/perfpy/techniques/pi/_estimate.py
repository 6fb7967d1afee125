"""What is known of pi after a count."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PiEstimate:
    """An estimate of pi; made by `perfpy.estimate_pi`.

    Attributes
    ----------
    samples : int
        How many random points of a square were looked at.
    inside : int
        How many of them were inside the circle that touches its sides.
    seed : int
        Which points they were: `perfpy.estimate_pi` finds the same count with it again.
    value : float
        The estimate, ``4 * inside / samples``.
    standard_error : float
        How far the value is from pi, in the sense of a standard deviation.

    Examples
    --------
    >>> import perfpy
    >>> estimate = perfpy.PiEstimate(samples=1000, inside=785, seed=0)
    >>> estimate.value
    3.14
    >>> round(estimate.standard_error, 4)
    0.052
    """

    samples: int
    inside: int
    seed: int

    @property
    def value(self) -> float:
        """The estimate, ``4 * inside / samples``."""
        return 4 * self.inside / self.samples

    @property
    def standard_error(self) -> float:
        """The standard error of the value, from the scatter of the points themselves.

        It is four times that of a proportion p of n points, sqrt(p*(1 - p)/(n - 1)); of one point nothing can
        be said, and it is NaN.
        """
        if self.samples == 1:
            return math.nan
        outside = self.samples - self.inside
        return 4 * math.sqrt(self.inside / self.samples * (outside / self.samples) / (self.samples - 1))

    def __float__(self) -> float:
        """Return the value."""
        return self.value

    def __str__(self) -> str:
        """Return the value and its standard error, to the digits that mean something."""
        error = self.standard_error
        if not error > 0:
            return f"{self.value:g} +- unknown"
        digits = max(1, 1 - math.floor(math.log10(error)))
        return f"{self.value:.{digits}f} +- {error:.{digits}f}"
