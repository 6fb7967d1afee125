"""Values that many pieces need: sent to a worker when it lacks them, and kept there.

What every piece of a job needs besides itself may be large: an axis of a grid, the diffusivity of a field, an
empty structure. Sent with each piece, it would cost more than the piece. No two engines have the same way to
hand a value to all workers, some have none, and what was handed out once is lost with a worker that dies. So
workers ask: a piece refers to the value, by a digest of it; one that finds its worker without it comes back
undone, and is sent again together with the value, which the worker keeps for those that follow.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

from . import _bridge

#: Bytes of a value that is sent with each piece all the same: a second journey would cost more.
_SMALL = 1 << 12
#: Bytes of values that a worker keeps besides those of the piece at hand.
_KEPT = 1 << 28


class Sent:
    """An argument of `run` that goes to each worker about once, however many pieces there are.

    The function is called with the value itself, which it must not change.

    Parameters
    ----------
    value : object
        Anything that can be pickled.

    Examples
    --------
    >>> from perfpy import executors
    >>> table = executors.Sent(list(range(0, 10**6, 10)))
    >>> found = {}
    >>> where = executors.engine("threads:2")
    >>> executors.run(where, lambda piece, table: table[piece], (table,), [3, 5], found.__setitem__)
    >>> found[5]
    50
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Sent({type(self.value).__name__})"


class Missing(NamedTuple):
    """What comes back in place of a result from a worker that has not been sent a value."""

    digest: bytes


class _Reference(NamedTuple):
    """A value that a worker should have been sent, and how many bytes it is."""

    digest: bytes
    size: int


class _Carrier(NamedTuple):
    """A value on its way."""

    reference: _Reference
    packed: bytes


def values(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments for workers that share the caller's memory."""
    return tuple(each.value if isinstance(each, Sent) else each for each in arguments)


def forms(arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return arguments for other workers: with references to large values, and with the values themselves."""
    carried = tuple(_carried(each) if isinstance(each, Sent) else each for each in arguments)
    return tuple(each.reference if isinstance(each, _Carrier) else each for each in carried), carried


def refer(arguments: tuple[Any, ...]) -> bool:
    """Tell whether arguments refer to something, so that a piece may come back undone."""
    return any(isinstance(each, _Reference) for each in arguments)


def _carried(sent: Sent) -> Any:
    packed = _bridge.dumps(sent.value)
    if len(packed) <= _SMALL:
        return sent.value
    digest = hashlib.blake2b(packed, digest_size=16).digest()
    return _Carrier(_Reference(digest, len(packed)), packed)


def call_with_values(piece: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with a piece and the values of its arguments, or return `Missing`; in a worker."""
    found = []
    for argument in arguments:
        if isinstance(argument, _Carrier):
            found.append(_kept.add(argument))
        elif isinstance(argument, _Reference):
            try:
                found.append(_kept.find(argument))
            except KeyError:
                return Missing(argument.digest)
        else:
            found.append(argument)
    return function(piece, *found)


class _Values:
    """What this process has been sent, the latest last; workers that are threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[_Reference, Any] = OrderedDict()

    def find(self, reference: _Reference) -> Any:
        """Return a value, or raise KeyError."""
        with self._lock:
            self._values.move_to_end(reference)
            return self._values[reference]

    def add(self, carrier: _Carrier) -> Any:
        """Keep and return a value; give up those that were not asked for longest, if they are too large."""
        with self._lock:
            found = self._values.get(carrier.reference, self)
        value = pickle.loads(carrier.packed) if found is self else found
        with self._lock:
            self._values[carrier.reference] = value
            self._values.move_to_end(carrier.reference)
            others = sum(reference.size for reference in self._values) - carrier.reference.size
            while others > _KEPT:
                oldest, _ = self._values.popitem(last=False)
                others -= oldest.size
        return value


_kept = _Values()
