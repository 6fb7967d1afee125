"""The trials of `check`, each a function that returns what was seen or raises what was wrong."""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from ._engine import Engine, ExecutorLike, Reach, SupportsSubmit
from ._run import run
from ._sendable import sendable
from ._sent import Sent

#: Seconds after which an executor counts as one that does not answer.
PATIENCE = 60.0


class Unexpected(Exception):
    """An executor did something else than what was expected of it."""


class Refusal(Exception):
    """An error with a memory, which has to survive the journey."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def expect(condition: bool, what: str) -> None:
    """Raise what is missing, unless the condition holds."""
    if not condition:
        raise Unexpected(f"expected {what}")


# What is called on the executor


def _square_late(number: int) -> int:
    time.sleep(0.0005 * (9 - number % 10))
    return number * number


def _refuse(code: int) -> None:
    raise Refusal(code)


def _refuse_one(piece: int, code: int) -> int:
    if piece == code:
        _refuse(code)
    return piece


def _nothing(*_: object) -> None:
    """Return None at once."""


def _doubled(array: Any) -> Any:
    return array * 2


def _element(piece: int, array: Any) -> int:
    time.sleep(0.002)  # else the first worker would be done before the others begin
    return int(array[piece])


def _square_or_die(piece: int, mark: str) -> int:
    """Return a square; the first to get here dies instead, in the middle of its work."""
    time.sleep(0.05)
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return piece * piece
    os.kill(os.getpid(), signal.SIGKILL)
    return -1


for _function in (pow, sum, time.sleep, _square_late, _refuse, _refuse_one, _nothing, _doubled, _element):
    sendable(_function)
sendable(_square_or_die, trial=True)


# The trials


def _futures(where: Engine) -> str:
    future = where.executor.submit(pow, 2, 10)
    expect(future.result(PATIENCE) == 1024, "the result of the call")
    expect(future.done() is True and future.cancelled() is False, "a future that is done, not cancelled")
    expect(future.exception(PATIENCE) is None, "no exception")
    return ""


def _pairs(where: Engine) -> str:
    futures = [where.executor.submit(_square_late, number) for number in range(20)]
    found = [future.result(PATIENCE) for future in futures]
    expect(
        found == [number * number for number in range(20)], "each future to have the result of its own call"
    )
    return ""


def _callbacks(where: Engine) -> str:
    future = where.executor.submit(_square_late, 3)
    called: SimpleQueue[object] = SimpleQueue()
    for when in ("", ", from one that is done"):
        future.add_done_callback(called.put)
        try:
            found = called.get(timeout=PATIENCE)
        except Empty:
            raise Unexpected(f"expected a call back{when}") from None
        expect(found is future, f"the future to be given to what it calls back{when}")
    time.sleep(0.05)
    expect(called.empty(), "one call back for each time it was asked for")
    return ""


def _values(where: Engine) -> str:
    expect(where.executor.submit(_nothing).result(PATIENCE) is None, "None, where that is the result")
    array = np.arange(2**17, dtype=np.uint64)
    found = where.executor.submit(_doubled, array).result(PATIENCE)
    expect(found.dtype == array.dtype and bool((found == 2 * array).all()), "the array that was made")
    return "None, and an array of 1 MiB"


def _errors(where: Engine) -> str:
    future = where.executor.submit(_refuse, 7)
    error = future.exception(PATIENCE)
    expect(type(error) is Refusal, f"the error that was raised, not {type(error).__name__}")
    assert isinstance(error, Refusal)
    expect(error.code == 7 and error.args == (7,), "what the error carries")
    text = "".join(traceback.format_exception(error))
    expect("_refuse" in text and "_trials.py" in text, "the traceback to name the function that raised")
    return ""


def _unsendable(where: Engine) -> str:
    """Threads take anything; whoever has to send it says that it cannot."""
    items = (number for number in range(3))
    try:
        found = where.executor.submit(sum, items).result(PATIENCE)
    except TimeoutError:
        raise
    except Exception as error:
        return type(error).__name__
    expect(found == 3, "the sum of what was sent")
    return "sent"


def _cancelling(where: Engine) -> str:
    futures = [where.executor.submit(time.sleep, 0.02) for _ in range(where.window + 4)]
    asked = futures[where.workers :]
    cancelled = [future for future in asked if future.cancel()]
    for future in cancelled:
        expect(future.cancelled() is True, "a future that could be cancelled to be so")
        try:
            future.result(PATIENCE)
        except CancelledError:
            continue
        raise Unexpected("expected no result of a future that was cancelled")
    for future in futures:
        if future not in cancelled:
            expect(future.result(PATIENCE) is None, "the result of a future that was not cancelled")
    return f"{len(cancelled)} of {len(asked)} that were waiting"


def _window(where: Engine) -> str:
    drawn = most = combined = 0

    def pieces() -> Iterator[int]:
        nonlocal drawn, most
        for number in range(50):
            drawn += 1
            most = max(most, drawn - combined)
            yield number

    def combine(piece: int, result: int) -> None:
        nonlocal combined
        combined += 1
        expect(result == piece * piece, "the result of the piece")

    run(where, _square_late, (), pieces(), combine)
    expect(combined == 50, "each piece once")
    expect(most <= where.window, f"at most {where.window} pieces ahead, not {most}")
    return f"{most} of 50 pieces ahead"


def _large_values(where: Engine) -> str:
    """Large values reach every piece, and go to each worker about once."""
    new = time.time_ns() % 2**40  # an array that no worker has been sent before
    array = np.arange(2**17, dtype=np.uint64) + np.uint64(new)
    counted = Counting(where.executor)
    found: dict[int, int] = {}
    pieces = range(10 * where.workers)
    run(dataclasses.replace(where, executor=counted), _element, (Sent(array),), pieces, found.__setitem__)
    expect(found == {index: int(array[index]) for index in pieces}, "the value with every piece")
    if where.reach is Reach.MEMORY:
        return "shared"
    sent = sum(size > array.nbytes for size in counted.sizes)
    expect(sent <= len(pieces) // 2, f"1 MiB to be sent to {where.workers} workers, not {sent} times")
    return f"1 MiB sent {sent} times for {len(pieces)} pieces"


class Counting:
    """An executor that knows how many bytes are sent with each call."""

    def __init__(self, executor: SupportsSubmit) -> None:
        self._executor = executor
        self.sizes: list[int] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Pass a call on."""
        self.sizes.append(sum(map(_size, args)))
        return self._executor.submit(fn, *args, **kwargs)


def _size(argument: object) -> int:
    return len(pickle.dumps(argument)) if isinstance(argument, tuple) else 0


def _first_error(where: Engine) -> str:
    drawn: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(1000):
            drawn.append(number)
            yield number

    try:
        run(where, _refuse_one, (10,), pieces(), _nothing)
    except Refusal as error:
        expect(error.code == 10, "the error of the piece")
    else:
        raise Unexpected("expected the error of a piece to end the job")
    expect(len(drawn) < 500, f"no more pieces once one has failed, not {len(drawn)}")
    return f"{len(drawn)} of 1000 pieces drawn"


def _answers(where: Engine) -> str:
    executor = where.executor if where.spec is None else where.spec
    for name, call in _answered().items():
        alone, divided = call(None), call(executor)
        expect(bool(np.all(alone == divided)), f"the answer of {name}")
    return ", ".join(_answered())


def _answered() -> dict[str, Callable[[ExecutorLike], Any]]:
    """Return calls that divide their work in different ways, each taking the executor."""
    import perfpy

    field = np.arange(96 * 80, dtype=np.float64).reshape(96, 80) % 17
    numbers = np.arange(3 * 10**5, dtype=np.uint64) + np.uint64(2**40)
    return {
        "count_primes": lambda e: perfpy.count_primes(10**10, executor=e),
        "primes": lambda e: perfpy.primes(10**12, 10**12 + 2 * 10**7, executor=e),
        "is_prime": lambda e: perfpy.is_prime(numbers, executor=e),
        "julia": lambda e: perfpy.julia(700, 200, executor=e),
        "diffuse": lambda e: perfpy.diffuse(field, 40, diffusivity=1 / (1 + field), executor=e),
        "estimate_pi": lambda e: perfpy.estimate_pi(10**8, seed=7, executor=e),
        "hyperloglog": lambda e: perfpy.hyperloglog(numbers, executor=e),
        "bloom_filter": lambda e: perfpy.bloom_filter(10**6, items=numbers, executor=e),
        "count_min": lambda e: perfpy.count_min(numbers, executor=e),
    }


def _overhead(where: Engine) -> str:
    """Measured, not judged: what is much for one engine is little for another."""
    calls = 50
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        run(where, _nothing, (), range(calls), _nothing)
        best = min(best, time.perf_counter() - started)
    return f"{best / calls * 1e6:.0f} us a piece that does nothing, {where.workers} workers"


def with_a_kill(where: Engine, mark: Path) -> bool:
    """Run pieces of which one kills its worker, once; tell whether all results are right."""
    found: dict[int, int] = {}
    run(where, _square_or_die, (str(mark),), range(12), found.__setitem__)
    return found == {piece: piece * piece for piece in range(12)}


TRIALS: tuple[tuple[str, Callable[[Engine], str]], ...] = (
    ("a call gives a future", _futures),
    ("a future has its own call's result", _pairs),
    ("calls back once", _callbacks),
    ("sends None and arrays", _values),
    ("errors keep type and traceback", _errors),
    ("what cannot be sent", _unsendable),
    ("cancelling", _cancelling),
    ("pieces are drawn when there is room", _window),
    ("large values are sent once", _large_values),
    ("the first error ends a job", _first_error),
    ("equal answers", _answers),
    ("overhead", _overhead),
)
