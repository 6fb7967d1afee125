"""Diffusion: a field on a regular grid that evens out, step by step or all steps at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from perfpy._dispatch import Backend, Technique, Traits

from . import _arguments as check
from ._problem import Field, Problem

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from perfpy.executors import ExecutorLike

_HERE = "perfpy.techniques.diffusion"
_EXT = "perfpy._ext.diffusion"

_NO_ARRAY: dict[str, tuple[str, ...]] = {"diffusivity": ("array",)}
_ONLY_STEPS = _NO_ARRAY | {"method": ("spectral", "implicit")}


def _traits(note: str, bound: float = 0.0) -> Traits:
    return Traits(bound=bound, releases_gil=True, interruptible=True, note=note)


DIFFUSE = Technique(
    "diffuse",
    (
        Backend(
            "python", f"{_HERE}._python:diffuse", traits=Traits(interruptible=True, note="the definition")
        ),
        Backend(
            "numpy",
            f"{_HERE}._numpy:diffuse",
            package="numpy",
            traits=Traits(interruptible=True, note="slices in blocks of rows, in place"),
        ),
        Backend(
            "numexpr",
            f"{_HERE}._numexpr:diffuse",
            package="numexpr",
            extra="numexpr",
            traits=_traits("a step in one expression"),
            lacks=_ONLY_STEPS,
        ),
        Backend(
            "scipy",
            f"{_HERE}._scipy:diffuse",
            package="scipy",
            extra="scipy",
            traits=Traits(bound=1e-13, interruptible=True, note="ndimage.laplace; scipy.fft; LAPACK"),
            lacks=_NO_ARRAY,
        ),
        Backend(
            "numba",
            f"{_HERE}._numba:diffuse",
            package="numba",
            extra="numba",
            traits=_traits("loops that LLVM vectorises"),
            lacks=_ONLY_STEPS,
        ),
        Backend(
            "cython",
            f"{_HERE}._cython:diffuse",
            extension=f"{_EXT}._cython",
            traits=_traits("loops that the C compiler vectorises"),
            lacks=_ONLY_STEPS,
        ),
        Backend(
            "pythran",
            f"{_HERE}._pythran:diffuse",
            extension=f"{_EXT}._pythran",
            traits=_traits("loops that the C++ compiler vectorises"),
            lacks=_ONLY_STEPS,
        ),
        Backend(
            "cffi",
            f"{_HERE}._cffi:diffuse",
            extension=f"{_EXT}._cffi",
            traits=_traits("SIMD kernel, several steps per pass"),
            lacks=_ONLY_STEPS,
        ),
        Backend(
            "c",
            f"{_HERE}._c:diffuse",
            extension=f"{_EXT}._c",
            traits=_traits("SIMD kernel, several steps per pass"),
            lacks={"method": ("spectral",)},
        ),
    ),
    auto=("c", "cffi", "cython", "numba", "pythran", "scipy", "numpy"),
)


def diffuse(
    field: ArrayLike,
    steps: int,
    *,
    diffusivity: ArrayLike = 1.0,
    dt: float = 0.1,
    spacing: float | tuple[float, ...] = 1.0,
    boundary: Any = "periodic",
    method: str = "explicit",
    backend: str = "auto",
    executor: ExecutorLike = None,
    out: Field | None = None,
) -> Field:
    """Let a field diffuse: take `steps` steps of du/dt = div(diffusivity * grad(u)) on a regular grid.

    Parameters
    ----------
    field : array_like of real numbers, 1-D, 2-D or 3-D
        The field before the first step, one number per cell; it is not changed. float64 and float32 are kept,
        float16 is taken as float32, and everything else as float64.
    steps : int
        How many steps of length `dt`, from 0 on.
    diffusivity : float or array_like of the field's shape, default: 1
        How fast it spreads, in units of length**2 / time. Where it is an array, what flows between two cells
        is governed by the mean of theirs, so that what one loses the other gains.
    dt : float, default: 0.1
        Length of a step in time.
    spacing : float or one per axis, default: 1
        Distance of neighbouring cells.
    boundary : str, (str, float), or one per axis, or a pair per axis; default: "periodic"
        What is at the sides. ``"periodic"``: the opposite side. ``"dirichlet"``: the cells of the side keep
        their initial values, or the value v of ``("dirichlet", v)``. ``"neumann"``: nothing flows through.
        An axis may have a pair of conditions, for its first and its last cell.
    method : {"explicit", "spectral", "implicit", "auto"}, default: "explicit"
        ``"explicit"``: forward in time, centred in space (FTCS), one step after the other.
        ``"spectral"``: the same explicit steps all at once, by the discrete Fourier transform; equal to
        rounding. ``"implicit"``: alternating directions, Crank-Nicolson in 1-D; stable for any `dt`, second
        order in `dt`. ``"auto"``: explicit or spectral, whichever is expected to take less time.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`. All but ``"scipy"`` take the same explicit steps,
        bit for bit.
    executor : None, str or concurrent.futures.Executor, optional
        Where it runs: in this thread (None), on ``"threads"``, ``"processes"``, ``"threads:4"``, or on any
        executor with a ``submit`` method. Explicit steps are divided into slabs of rows, and spectral ones of
        ``"numpy"`` and ``"scipy"`` on threads; where nothing would be gained, this thread does the work.
    out : array of the field's shape and dtype, optional
        Where the result goes; a new array if left out. It may be `field` itself.

    Returns
    -------
    float64 or float32 array of the field's shape
        The field after the last step; `out` itself where it was given.

    Raises
    ------
    ValueError
        If a step is unstable (the message has the largest `dt` that is stable), a number is out of range, a
        shape does not fit, or there is no such backend, or it cannot do what is asked for.
    TypeError
        If an argument is of the wrong type.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    perfpy.iter_diffuse : The field along the way.
    perfpy.backends : What is available here.

    Notes
    -----
    An explicit step is ``u += k*(sum of neighbours - 2*n*u)`` in n dimensions with
    ``k = diffusivity * dt / spacing**2``; it is stable for ``n*k <= 1/2``, and ``"spectral"`` has the same
    limit. It takes 2*n + 3 operations per cell. The ``"c"`` kernel takes several steps per pass through
    memory. NaN and infinity spread as the arithmetic has it; ``"spectral"`` and ``"implicit"`` refuse them.
    Memory is that of the result and of up to two copies of the field.

    ``"spectral"`` differs from explicit steps by rounding: by less than 1e-12 of the field's largest number
    after 1,000 steps in float64. It is the steps whose rounding errors add up. ``"auto"`` takes all steps at
    once where that is expected to pay: on a periodic plane of 640 x 640 from about 70 steps on.

    What an ``"implicit"`` step rounds grows with k, and where no side is held nothing takes it back; steps
    in which it would exceed a thousandth of the field are refused there (the message has the largest `dt`).

    The problem is the running example of [1]_, chapter 6; the methods and their limits are in [2]_ and [3]_.

    References
    ----------
    .. [1] M. Gorelick, I. Ozsvald, "High Performance Python", 3rd ed., O'Reilly, 2025.
    .. [2] R. J. LeVeque, "Finite Difference Methods for Ordinary and Partial Differential Equations", SIAM,
       2007, chapter 9.
    .. [3] J. Douglas, "Alternating direction methods for three space variables", Numerische Mathematik 4,
       1962, pages 41 to 63.

    Examples
    --------
    >>> import numpy as np
    >>> import perfpy
    >>> perfpy.diffuse([0.0, 0.0, 8.0, 0.0, 0.0], 1, dt=0.25)
    array([0., 2., 4., 2., 0.])

    A rod whose ends are held at 0 and 1 takes on a constant slope, and 100,000 steps cost no more than one:

    >>> rod = perfpy.diffuse(
    ...     np.zeros(5), 100_000, boundary=(("dirichlet", 0), ("dirichlet", 1)), method="spectral"
    ... )
    >>> print(rod.round(3))
    [0.   0.25 0.5  0.75 1.  ]
    """
    problem = _settled(check.problem(field, steps, diffusivity, dt, spacing, boundary, method), backend)
    result = _solve(problem, backend, executor, check.result_array(out, problem), fresh=out is None)
    if out is None or result is out:
        return result
    out[...] = result
    return out


def iter_diffuse(
    field: ArrayLike,
    steps: int,
    *,
    every: int = 1,
    diffusivity: ArrayLike = 1.0,
    dt: float = 0.1,
    spacing: float | tuple[float, ...] = 1.0,
    boundary: Any = "periodic",
    method: str = "explicit",
    backend: str = "auto",
    executor: ExecutorLike = None,
) -> Iterator[Field]:
    """Let a field diffuse, and give it out along the way: for animations, monitoring and progress bars.

    Parameters
    ----------
    field, steps, diffusivity, dt, spacing, boundary, method, backend, executor
        As for `diffuse`.
    every : int, default: 1
        After how many steps the field is given out; and it is given out after the last step.

    Returns
    -------
    iterator of float64 or float32 arrays
        The field after `every`, ``2*every``, ... and `steps` steps, each a new array. Explicit and implicit
        steps go on from the field before, so that the last one is that of `diffuse`, bit for bit.

    Raises
    ------
    ValueError, TypeError, BackendUnavailable
        As `diffuse` does, when it is called; and if `every` is not a positive integer.

    See Also
    --------
    perfpy.diffuse : The field after the last step.

    Notes
    -----
    Memory is that of `diffuse`, however many fields are given out, as long as they are not kept.

    Examples
    --------
    >>> import perfpy
    >>> for field in perfpy.iter_diffuse([0.0, 0.0, 8.0, 0.0, 0.0], 3, every=2, dt=0.25):
    ...     print(field)
    [0.5 2.  3.  2.  0.5]
    [0.875 1.875 2.5   1.875 0.875]
    """
    whole = check.problem(field, steps, diffusivity, dt, spacing, boundary, method)
    every = check.every_argument(every)
    settled = _settled(whole._replace(steps=min(every, whole.steps)), backend)
    own = settled._replace(
        start=whole.start.copy(), diffusivity=None if whole.diffusivity is None else whole.diffusivity.copy()
    )
    return _fields(own, whole.steps, every, backend, executor)


def _fields(
    problem: Problem, steps: int, every: int, backend: str, executor: ExecutorLike
) -> Iterator[Field]:
    restarts = problem.method != "spectral"  # which takes all steps at once, and adds up no rounding
    for done in range(every, steps + every, every):
        count = min(done, steps) - (done - every if restarts else 0)
        problem = problem._replace(steps=count)
        field = _solve(problem, backend, executor, check.new_field(problem.start), fresh=True)
        if restarts:
            problem = problem._replace(start=field.copy())
        yield field


def _settled(problem: Problem, backend: str) -> Problem:
    """Choose the method where that is left open, and make sure that the backend has it."""
    if problem.method == "auto":
        from . import _choice

        problem = _choice.choose(problem, backend)
    DIFFUSE[backend, problem.needs]
    return problem


def _solve(problem: Problem, backend: str, executor: ExecutorLike, out: Field, *, fresh: bool) -> Field:
    """Return the field after all steps: `out`, or other memory if that is `fresh`."""
    if problem.steps == 0 or problem.start.size == 0:
        out[...] = problem.start
    elif executor is not None:
        from . import _pieces

        name = DIFFUSE.resolve(backend, problem.needs)
        return _pieces.diffuse(executor, name, problem, out, fresh=fresh)
    else:
        DIFFUSE[backend, problem.needs](problem, out)
    return out
