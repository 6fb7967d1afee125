"""Hand out pieces of work in a sliding window and put the results together."""

from __future__ import annotations

import concurrent.futures
import reprlib
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from . import _sent
from ._crew import Crew
from ._engine import Engine, Reach
from ._pools import discard, renew

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def run(
    engine: Engine,
    function: Callable[..., Result],
    arguments: tuple[Any, ...],
    pieces: Iterable[Piece],
    combine: Callable[[Piece, Result], None],
) -> None:
    """Call ``function(piece, *arguments)`` for all pieces on an executor and combine the results here.

    Pieces are drawn when there is room in the window, so that they can be sized by what `combine` has
    learnt, and at most as many are drawn as results are combined plus the window. Results are combined as
    they arrive, in any order, each piece's once.

    Parameters
    ----------
    engine : Engine
        Where to run.
    function : callable
        Computes a piece; a pure function, as a piece may be computed again when a worker process died.
    arguments : tuple
        What it needs besides the piece. They are sent with each piece and have to be small, or `Sent`.
    pieces : iterable
        The work.
    combine : callable
        Takes a piece and its result.

    Raises
    ------
    Exception
        Whatever `function` raised first, as it was raised, with a note that names the piece. What has not
        been started is cancelled.
    concurrent.futures.BrokenExecutor
        If workers died, and for a pool of perfpy's own if they did so again in a fresh one.

    Examples
    --------
    >>> from perfpy import executors
    >>> squares = {}
    >>> executors.run(executors.engine("threads:2"), pow, (2,), range(5), squares.__setitem__)
    >>> sorted(squares.values())
    [0, 1, 4, 9, 16]
    """
    if engine.conduct is not None:
        engine.conduct(engine, function, arguments, pieces, combine)
        return
    if engine.reach is Reach.MEMORY and engine.spec is not None:
        crew = Crew(function, _sent.values(arguments), pieces, combine)
        crew.run(engine.executor.submit, engine.workers - 1)
        return
    job = _Job(engine, function, arguments, iter(pieces))
    try:
        while job.fill():
            try:
                piece, result = job.next_result()
            except concurrent.futures.BrokenExecutor as error:
                job.restart(error)
                continue
            if job.accept(piece, result):
                combine(piece, result)
    except BaseException as error:
        job.abandon(at_once=not isinstance(error, Exception))
        raise


class _Job:
    """The pieces of one call of `run` that are under way."""

    def __init__(
        self, engine: Engine, function: Callable[..., Any], arguments: tuple[Any, ...], pieces: Iterator[Any]
    ) -> None:
        self._engine = engine
        self._function = function
        self._arguments = self._with_values = _sent.values(arguments)
        if engine.reach is not Reach.MEMORY and engine.keeps:
            self._arguments, self._with_values = _sent.forms(arguments)
        self._refers = _sent.refer(self._arguments)
        self._pieces = pieces
        self._lost: list[Any] = []  # pieces that a broken pool did not finish
        self._undone: list[Any] = []  # pieces that came to workers without the values they need
        self._pending: dict[Any, Any] = {}  # future to piece
        self._finished: SimpleQueue[Any] = SimpleQueue()
        self._one_is_done = False
        self._restarted = False

    def fill(self) -> bool:
        """Submit pieces until the window is full; return whether any are under way."""
        while len(self._pending) < self._room():
            source = self._undone or self._lost
            piece = source.pop() if source else next(self._pieces, _END)
            if piece is _END:
                break
            try:
                future = self._submit(piece, with_values=source is self._undone)
            except concurrent.futures.BrokenExecutor as error:
                source.append(piece)
                self.restart(error)
            else:
                self._pending[future] = piece
                future.add_done_callback(self._finished.put)
        return bool(self._pending)

    def _room(self) -> int:
        # What would wait behind a worker's first piece would find it without the values, too.
        return self._engine.window if self._one_is_done or not self._refers else self._engine.workers

    def _submit(self, piece: Any, *, with_values: bool) -> Any:
        submit = self._engine.executor.submit
        if not self._refers:
            return submit(self._function, piece, *self._arguments)
        arguments = self._with_values if with_values else self._arguments
        return submit(_sent.call_with_values, piece, self._function, *arguments)

    def next_result(self) -> tuple[Any, Any]:
        """Wait for a piece; raise what it raised."""
        future = self._next_future()
        try:
            result = future.result()
        except concurrent.futures.BrokenExecutor:
            raise
        except Exception as error:
            error.add_note(f"perfpy was computing {_named(self._pending[future])}")
            raise
        return self._pending.pop(future), result

    def accept(self, piece: Any, result: Any) -> bool:
        """Tell whether it is a result; a piece that came back undone is sent again, with what it lacked."""
        if isinstance(result, _sent.Missing):
            self._undone.append(piece)
            return False
        self._one_is_done = True
        return True

    def _next_future(self) -> Any:
        while True:
            try:
                return self._finished.get(timeout=None if self._engine.check is None else _SILENCE)
            except Empty:
                assert self._engine.check is not None
                self._engine.check()

    def restart(self, error: concurrent.futures.BrokenExecutor) -> None:
        """Go on with a fresh pool: all that was under way has to be done again."""
        if self._restarted:
            discard(self._engine)
            raise concurrent.futures.BrokenExecutor(
                f"worker processes died twice while computing {self._under_way()}: killed, out of memory, "
                "or never started because the main script lacks its `if __name__ == '__main__':` guard; "
                "the reason is on stderr or in the system's log"
            ) from error
        fresh = renew(self._engine)
        if fresh is None:
            error.add_note(f"perfpy was computing {self._under_way()}")
            raise error
        self._engine, self._restarted = fresh, True
        self._lost.extend(self._pending.values())
        self._pending.clear()
        self._finished = SimpleQueue()  # futures of the broken pool report to the old one

    def abandon(self, *, at_once: bool) -> None:
        """Cancel what has not started, and let nothing write into the caller's arrays any more."""
        if at_once and self._engine.interrupt is not None:
            self._engine.interrupt(self._pending)
        elif at_once and self._engine.stop is not None:
            # Nothing is cancelled first: a pool of Python 3.11 whose workers die trips over it.
            discard(self._engine)
            return
        for future in self._pending:
            future.cancel()
        if self._engine.reach is Reach.MEMORY:
            concurrent.futures.wait(self._pending)

    def _under_way(self) -> str:
        return ", ".join(map(_named, [*self._pending.values(), *self._lost, *self._undone]))


def _named(piece: Any) -> str:
    """Return the name of a piece, or a glimpse of one that has no name."""
    named = any("__str__" in vars(each) for each in type(piece).__mro__[:-1])
    return str(piece) if named else reprlib.repr(piece)


_END = object()
_SILENCE = 5.0  # seconds without a result after which an engine is asked whether it is still there
