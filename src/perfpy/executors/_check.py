"""What perfpy needs of an executor, as trials that any executor can be put through."""

from __future__ import annotations

import concurrent.futures
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from . import _trials
from ._engine import Engine, ExecutorLike, Reach
from ._pools import engine


class Check(NamedTuple):
    """The outcome of one trial.

    Attributes
    ----------
    name : str
        What was tried.
    passed : bool
        Whether the executor does what perfpy needs.
    seconds : float
        How long the trial took.
    note : str
        What was seen: a figure, a kind of error, or what was wrong.
    """

    name: str
    passed: bool
    seconds: float
    note: str


class Report(tuple[Check, ...]):
    """The outcomes of all trials; printed, they are a table."""

    __slots__ = ()

    @property
    def passed(self) -> bool:
        """Whether all trials passed."""
        return all(row.passed for row in self)

    def __str__(self) -> str:
        names = max(len(row.name) for row in self)
        lines = (
            f"{row.name:<{names}}  {'passed' if row.passed else 'FAILED'}  {row.seconds:6.2f} s  {row.note}"
            for row in self
        )
        return "\n".join(map(str.rstrip, lines))

    __repr__ = __str__


def check(executor: ExecutorLike, *, kill: bool = False) -> Report:
    """Put an executor through what perfpy needs of one.

    Futures, which result belongs to which call, callbacks, errors and their tracebacks, cancelling, how many
    pieces are drawn, and the answers of real techniques, which have to be equal to those of the calling
    thread to the last bit. A few seconds of work, all of it through ``submit``.

    Parameters
    ----------
    executor : str or executor
        As for ``executor=`` of any function; see `resolve`.
    kill : bool, default: False
        Also kill a worker in the middle of a piece, with SIGKILL. The right answer passes, and so does an
        error within a minute; a wrong answer or silence does not. Most executors are of no use after that.
        Its workers have to be processes of this machine.

    Returns
    -------
    Report
        A tuple of rows `Check`, which prints as a table. Its `passed` tells whether all passed.

    Raises
    ------
    ValueError, TypeError
        If `executor` is none, or `kill` is asked of one whose workers are threads of this process.

    Examples
    --------
    >>> import perfpy
    >>> report = perfpy.executors.check("threads:2")
    >>> report.passed
    True
    >>> report[0].name
    'a call gives a future'
    """
    if executor is None:
        raise TypeError("there is nothing to check about executor None, which is the calling thread")
    where = engine(executor)
    if kill and where.reach is Reach.MEMORY:
        raise ValueError("kill=True needs worker processes: to kill a thread is to kill this process")
    rows = [_row(name, trial, where) for name, trial in _trials.TRIALS]
    if kill:
        rows.append(_row("a killed worker", _killed, where))
    return Report(rows)


def _row(name: str, trial: Callable[[Engine], str], where: Engine) -> Check:
    started = perf_counter()
    try:
        passed, note = True, trial(where)
    except Exception as error:
        passed, note = False, _short(error)
    return Check(name, passed, perf_counter() - started, note)


def _killed(where: Engine) -> str:
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder, "killed")
        try:
            found = _trials.with_a_kill(where, mark)
        except Exception as error:
            outcome = f"an error, {_short(error)},"
        else:
            _trials.expect(found, "the squares")
            outcome = "the right answer"
        _trials.expect(mark.exists(), "that a worker was killed")
    seconds = perf_counter() - started
    _trials.expect(seconds < _trials.PATIENCE, f"an end within {_trials.PATIENCE} s")
    return f"{outcome} in {seconds:.1f} s"


def _short(error: BaseException) -> str:
    if isinstance(error, concurrent.futures.TimeoutError) and not str(error):
        return f"no answer within {_trials.PATIENCE} s"
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[0]}" if not isinstance(error, _trials.Unexpected) else lines[0]
