"""Pieces on perfpy's own threads: whoever is free takes the next one, the calling thread among them.

Handing each piece to a pool costs two switches between threads, tens of microseconds in which a fast kernel
does a fair part of the work. Here the pool gets one task per helper, and a helper takes pieces until none is
left.
"""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class Crew(Generic[Piece, Result]):
    """One call's pieces and the threads that work on them.

    Parameters
    ----------
    function, arguments, pieces, combine
        As for `run`; `combine` is called by the thread that computed the piece, by one at a time.
    """

    def __init__(
        self,
        function: Callable[..., Result],
        arguments: tuple[Any, ...],
        pieces: Iterable[Piece],
        combine: Callable[[Piece, Result], None],
    ) -> None:
        self._function = function
        self._arguments = arguments
        self._pieces = iter(pieces)
        self._combine = combine
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, submit: Callable[..., concurrent.futures.Future[None]], helpers: int) -> None:
        """Work in this thread and in as many helpers; raise what went wrong first."""
        futures: list[concurrent.futures.Future[None]] = []
        try:
            futures.extend(submit(self._work) for _ in range(helpers))
            self._work()
        except BaseException as error:  # Ctrl-C while handing out
            self._error = self._error or error
        # A helper that has not begun is not needed; one that has may still write to the caller's arrays.
        concurrent.futures.wait([future for future in futures if not future.cancel()])
        failure = self._error
        if failure is not None:
            try:
                raise failure
            finally:
                del failure  # its traceback refers to this frame, and that to the caller's arrays
                self._error = None

    def _work(self) -> None:
        """Take pieces until there are none left, or something went wrong."""
        try:
            while True:
                with self._lock:
                    piece = _END if self._error else next(self._pieces, _END)
                if piece is _END:
                    return
                result = self._function(piece, *self._arguments)
                with self._lock:
                    self._combine(piece, result)  # type: ignore[arg-type]
        except BaseException as error:
            self._error = self._error or error


_END = object()
