"""A field that diffuses on an executor: slabs of rows, some steps at a time; see `_slabs`."""

from __future__ import annotations

import importlib
import pickle
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from perfpy import executors
from perfpy._dispatch import Backend, Kernel
from perfpy.executors import Engine, Reach

from . import DIFFUSE
from ._problem import Problem, Side
from ._slabs import Schedule, Slab, cut, needed, rows

if TYPE_CHECKING:
    from perfpy.executors import ExecutorLike
    from perfpy.executors._shared import Handle

    from ._problem import Field

#: Backends that are at their best when they are given several steps, and how many steps they get at first.
_SEVERAL = dict.fromkeys(("numpy", "numexpr", "numba", "cython", "pythran", "cffi", "c"), 8)
#: Backends that hold the interpreter lock so often that threads would only wait for each other.
_ALONE = ("python", "numpy", "scipy")
#: Backends that take spectral steps by the transforms of a library, and where that is.
_TRANSFORMS = {"numpy": "_spectral_numpy", "scipy": "_spectral_scipy"}


def diffuse(executor: ExecutorLike, backend: str, problem: Problem, out: Field, *, fresh: bool) -> Field:
    """Return the field after all steps, computed by the named backend on an executor.

    It is in `out`; or, if that is `fresh` memory which nobody has seen yet, perhaps in other memory. Explicit
    steps are divided; and on threads the transforms of spectral ones, where they are those of a library. What
    would gain nothing is done in this thread.
    """
    assert executor is not None
    engine = executors.engine(executor)
    in_memory = engine.reach is Reach.MEMORY
    if problem.method == "spectral" and backend in _TRANSFORMS and in_memory:
        _run_transforms(engine, _TRANSFORMS[backend], problem, out)
    elif problem.method != "explicit" or (in_memory and backend in _ALONE and executors.gil_enabled()):
        DIFFUSE[backend, problem.needs](problem, out)
    elif backend == "c" and in_memory and engine.spec is not None:
        _run_plan(engine, problem, out)
    else:
        schedule = Schedule(len(out), engine, first=_SEVERAL.get(backend, 1))
        run = _RUN[engine.reach]
        return run(engine, schedule, DIFFUSE.table[backend], problem, out, fresh)
    return out


def _run_transforms(engine: Engine, module: str, problem: Problem, out: Field) -> None:
    """Let threads transform rows and columns in pieces."""

    def run(function: Callable[[slice], None], pieces: Iterable[slice]) -> None:
        executors.run(engine, function, (), pieces, _ignore)

    importlib.import_module(f"{__package__}.{module}").diffuse(problem, out, run)


def _run_plan(engine: Engine, problem: Problem, out: Field) -> None:
    """Let threads work on the C kernel's own pieces, until there are none.

    This thread is one of them, and stops them all on Ctrl-C; so it is for perfpy's own threads only.
    """
    from . import _c

    plan = _c.plan(problem, out, engine.workers)
    executors.run(engine, _work, (plan.work,), range(engine.workers), _ignore)


def _work(_: int, work: Kernel) -> None:
    work()


def _ignore(*_: object) -> None:
    """Combine nothing: the result is in memory."""


def _advance(
    slab: Slab, kernel: Kernel, problem: Problem, source: Field, target: Field, diffusivity: Field | None
) -> float:
    """Take a slab from `source` to `target`; return how many seconds a row took for a step."""
    started = perf_counter()
    part, rows = cut(slab, problem, source, diffusivity)
    if len(part.start) == slab.end - slab.begin:
        kernel(part, target[slab.begin : slab.end])
    else:
        field = np.empty_like(part.start)
        kernel(part, field)
        target[slab.begin : slab.end] = field[rows]
    return (perf_counter() - started) / (len(part.start) * slab.steps)


def _run_in_memory(
    engine: Engine, schedule: Schedule, backend: Backend, problem: Problem, out: Field, fresh: bool
) -> Field:
    """Let threads write into two fields in turn."""
    kernel = DIFFUSE[backend.name, problem.needs]
    source, target, other = problem.start, out, np.empty_like(out)
    for steps in schedule.passes(problem.steps):
        arguments = kernel, problem, source, target, problem.diffusivity
        executors.run(engine, _advance, arguments, schedule.slabs(steps), schedule.measured)
        source, target = target, other if target is out else out
    return _result(source, out, fresh)


def _result(field: Field, out: Field, fresh: bool) -> Field:
    if field is not out and not fresh:
        out[...] = field
        return out
    return field


def _run_on_host(
    engine: Engine, schedule: Schedule, backend: Backend, problem: Problem, out: Field, fresh: bool
) -> Field:
    """Let processes write into two shared fields in turn; one becomes the result where `out` is fresh."""
    _check_sendable(backend)
    start, diffusivity = problem.start, problem.diffusivity
    carried = start[:0] if diffusivity is None else diffusivity
    block = executors.SharedArrays(tuple((array.dtype.str, array.shape) for array in (start, out, carried)))
    try:
        block[0][...], block[2][...] = start, carried
        small = problem._replace(start=start[:0], diffusivity=None)
        source = 0
        for steps in schedule.passes(problem.steps):
            arguments = block.handle, source, backend.target, small, diffusivity is not None
            executors.run(engine, _advance_shared, arguments, schedule.slabs(steps), schedule.measured)
            source = 1 - source
        kept = block.keep(source) if fresh else None
        if kept is not None:
            return kept
        out[...] = block[source]
        return out
    finally:
        block.close()


def _advance_shared(
    slab: Slab, handle: Handle, source: int, kernel: str | Kernel, problem: Problem, varies: bool
) -> float:
    return float(executors.call_with_arrays(handle, _advance_arrays, slab, source, kernel, problem, varies))


def _advance_arrays(
    one: Field,
    other: Field,
    diffusivity: Field,
    slab: Slab,
    source: int,
    kernel: str | Kernel,
    problem: Problem,
    varies: bool,
) -> float:
    source_field, target = (other, one) if source else (one, other)
    load = Backend("", kernel).load
    return _advance(slab, load(), problem, source_field, target, diffusivity if varies else None)


def _check_sendable(backend: Backend) -> None:
    try:
        pickle.dumps(backend.target)
    except Exception as error:
        raise TypeError(
            f"backend {backend.name!r} of 'diffuse' cannot be sent to worker processes: {error}; "
            "define its function at the top level of a module, or use executor='threads'"
        ) from error


class _Sent(NamedTuple):
    """A slab with the field that it needs, and between which rows that is."""

    slab: Slab
    part: Problem
    rows: slice
    between: tuple[int, int]

    def __str__(self) -> str:
        return str(self.slab)


def _run_remotely(
    engine: Engine, schedule: Schedule, backend: Backend, problem: Problem, out: Field, fresh: bool
) -> Field:
    """Send the cells that a slab needs and receive those that it has become."""
    bare, diffusivity = problem._replace(diffusivity=None), executors.Sent(problem.diffusivity)
    source, target, other = problem.start, out, np.empty_like(out)

    def combine(piece: _Sent, result: tuple[float, Field]) -> None:
        seconds, target[piece.slab.begin : piece.slab.end] = result
        schedule.measured(piece.slab, seconds)

    for steps in schedule.passes(problem.steps):
        pieces = (
            _Sent(slab, *cut(slab, bare, source, None), needed(slab, problem, len(source)))
            for slab in schedule.slabs(steps)
        )
        executors.run(engine, _advance_sent, (backend.target, diffusivity), pieces, combine)
        source, target = target, other if target is out else out
    return _result(source, out, fresh)


def _advance_sent(piece: _Sent, kernel: str | Kernel, diffusivity: Field | None) -> tuple[float, Field]:
    started = perf_counter()
    part = piece.part
    if diffusivity is not None:
        part = part._replace(diffusivity=rows(diffusivity, *piece.between))
    field = np.empty_like(part.start)
    Backend("", kernel).load()(part, field)
    seconds = perf_counter() - started
    return seconds / (len(field) * part.steps), field[piece.rows].copy()


_RUN = {Reach.MEMORY: _run_in_memory, Reach.HOST: _run_on_host, Reach.NOTHING: _run_remotely}


def _checked(values: object) -> Problem:
    """Make a problem of what was sent, whose parts have to fit together: kernels rely on that."""
    if not isinstance(values, tuple) or len(values) != len(Problem._fields):
        raise ValueError("a Problem has other fields")
    problem = Problem(*values)
    start, diffusivity = problem.start, problem.diffusivity
    if not isinstance(start, np.ndarray) or start.dtype not in (np.float64, np.float32) or not start.size:
        raise ValueError("a field has another dtype, or no cells")
    fits = diffusivity is None or (
        isinstance(diffusivity, np.ndarray)
        and (diffusivity.shape, diffusivity.dtype) == (start.shape, start.dtype)
    )
    axes = 1 <= start.ndim <= 3 and start.ndim == len(problem.weights) == len(problem.sides)
    if not fits or not axes or type(problem.steps) is not int or problem.steps < 1:
        raise ValueError("the parts of a problem do not fit together")
    sides = tuple((Side(before), Side(after)) for before, after in problem.sides)
    return problem._replace(sides=sides, weights=tuple(map(float, problem.weights)))


def _plain(problem: Problem) -> tuple[object, ...]:
    sides = tuple((int(before), int(after)) for before, after in problem.sides)
    return tuple(problem._replace(sides=sides))  # type: ignore[arg-type]


executors.sendable(_advance_sent, kernel=1)
executors.sendable_record(Slab, int, int, int)
executors.sendable_type(Problem, _plain, _checked)
executors.sendable_record(_Sent, Slab, Problem, slice, tuple)
