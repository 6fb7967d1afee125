"""What is known of each task of a queue on Celery: its payload, its state, its result, in Redis.

Celery's own result back ends know nothing of tasks that wait, or of those that killed their workers, and
unpickle what they are sent or keep what can be said in JSON. Here results are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ._celery_address import unreachable
from ._celery_scripts import SCRIPTS
from ._errors import pack_error, summary
from ._queue import Entry, Outcome, State

#: Seconds to connect and, once connected, to answer. Two tries stay within what `Queue.check` may take.
_TO_CONNECT, _TO_ANSWER = 1.4, 30.0
_LARGEST = 512 * 1024 * 1024  # bytes of a value in Redis
_FIELDS = ("state", "label", "deliveries", "submitted", "started", "finished", "worker", "error")


class Claim(NamedTuple):
    """What a worker has to know of a task that it does."""

    payload: bytes
    time_limit: float
    submitted: bytes  # when, which tells it from another task that had the same id before


class Records:
    """The records of a queue, kept by a Redis server.

    Parameters
    ----------
    url : str
        The server and the number of its database.
    prefix : str
        What the keys begin with.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._prefix = prefix
        self._redis = self._client(_TO_ANSWER)
        self._scripts = {name: self._redis.register_script(text) for name, text in SCRIPTS.items()}

    def check(self) -> None:
        """Raise `ConnectionError` where the server does not answer."""
        with self._reached(), self._client(_TO_CONNECT) as client:
            client.ping()

    def put(self, task_id: str, payload: bytes, label: str, deliveries: int, time_limit: float) -> bool:
        """Note a task that waits; return whether there was no such task before."""
        if len(payload) > _LARGEST:
            raise ValueError(f"a task can have {_LARGEST} bytes at most, not {len(payload)}")
        return bool(self._call("put", task_id, payload, label, deliveries, repr(time_limit)))

    def claim(
        self, task_id: str, token: str, lease: float, worker: str, doubt: float | None = None
    ) -> Claim | None:
        """Give a task that waits to a worker, for `lease` seconds first; None where it does not wait.

        Where another worker has it, that one loses it unless it is heard of within `doubt` seconds,
        if there are reasons for any.
        """
        ends = lease if doubt is None else doubt
        answer = self._call("claim", task_id, token, repr(lease), worker, repr(ends))
        return Claim(answer[0], float(answer[1]), answer[2]) if answer else None

    def finish(self, task_id: str, submitted: bytes, outcome: Outcome, error: str) -> bool:
        """Keep what came of a task, unless something has been kept; return whether it was."""
        if len(outcome.data) > _LARGEST:
            raise ValueError(f"a result can have {_LARGEST} bytes at most, not {len(outcome.data)}")
        return bool(self._call("finish", task_id, submitted, outcome.state.value, outcome.data, error))

    def lose(self, task_id: str, token: str, reason: str) -> State | None:
        """Take a task from a worker that did not survive it; return its state now, if there was one to take.

        An empty `token` stands for whoever's lease has ended.
        """
        (entry,) = self.entries([task_id])
        said = f"{reason} ({entry.worker})"
        error = f"{entry.label or task_id} was given up after {entry.deliveries} deliveries: {said}"
        data = pack_error(RuntimeError(error))
        state = self._call("lose", task_id, token, data, summary(data), said)
        return State(state.decode()) if state else None

    def release(self, task_id: str, token: str) -> bool:
        """Take a task back that a worker was made to stop, as if it had never been delivered."""
        return bool(self._call("release", task_id, token))

    def cancel(self, task_id: str, running: bool) -> bool:
        """Cancel a task; return whether it is cancelled."""
        return bool(self._call("cancel", task_id, int(running)))

    def retry(self, task_id: str) -> bool:
        """Let a task wait again; return whether it does."""
        return bool(self._call("retry", task_id))

    def forget(self, task_id: str) -> None:
        """Remove a task."""
        self._call("forget", task_id)

    def beat(self, worker: str, slots: int, lease: float, tokens: Mapping[str, str]) -> list[str]:
        """Say that a worker is alive and has these tasks; return those that are not its own any more."""
        pairs = chain.from_iterable(tokens.items())
        return _decoded(self._call("beat", worker, slots, repr(lease), *pairs))

    def leave(self, worker: str) -> None:
        """Say that a worker is no more."""
        self._call("leave", worker)

    def slots(self) -> int:
        """Return how many tasks all living workers do at a time."""
        return int(self._call("slots"))

    def ended(self) -> list[str]:
        """Return running tasks whose workers have not been heard of for as long as their leases."""
        return _decoded(self._call("ended"))

    def overdue(self, seconds: float) -> list[str]:
        """Return the oldest tasks that have waited so long, and count their waiting from now on."""
        return _decoded(self._call("overdue", repr(seconds)))

    def states(self, ids: Iterable[str]) -> dict[str, State]:
        """Return the states of tasks."""
        names = list(ids)
        with self._reached(), self._redis.pipeline(transaction=False) as pipe:
            for task_id in names:
                pipe.hget(self._key(task_id), "state")
            return dict(zip(names, map(_state, pipe.execute()), strict=True))

    def outcome(self, task_id: str) -> Outcome:
        """Return what has come of a task."""
        with self._reached():
            answer: Any = self._redis.hmget(self._key(task_id), ["state", "data"])
        return Outcome(_state(answer[0]), answer[1] or b"")

    def entries(self, ids: list[str]) -> list[Entry]:
        """Describe tasks."""
        with self._reached(), self._redis.pipeline(transaction=False) as pipe:
            for task_id in ids:
                pipe.hmget(self._key(task_id), _FIELDS)
            return list(map(_entry, ids, pipe.execute()))

    def newest(self, states: Iterable[State], limit: int) -> list[str]:
        """Return the tasks of some states that were submitted last."""
        with self._reached(), self._redis.pipeline(transaction=False) as pipe:
            for state in states:
                pipe.zrevrange(f"{self._prefix}:{state.value}", 0, limit - 1, withscores=True)
            found = chain.from_iterable(pipe.execute())
        ordered = sorted(found, key=lambda pair: pair[1], reverse=True)
        return [task_id.decode() for task_id, _ in ordered[:limit]]

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()

    def _client(self, to_answer: float) -> redis.Redis:
        return redis.Redis.from_url(
            self._url,
            socket_connect_timeout=_TO_CONNECT,
            socket_timeout=to_answer,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 1),
        )

    def _key(self, task_id: str) -> str:
        return f"{self._prefix}:task:{task_id}"

    def _call(self, name: str, *arguments: Any) -> Any:
        with self._reached():
            return self._scripts[name](keys=[self._prefix], args=arguments)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn the errors of a server that cannot be reached, or does not let us in, into Python's."""
        try:
            yield
        except (
            redis.ConnectionError,
            redis.TimeoutError,
        ) as error:  # and AuthenticationError
            raise unreachable(self._url, error) from error
        except (redis.exceptions.NoPermissionError, redis.exceptions.ReadOnlyError) as error:
            raise unreachable(self._url, error) from error


def _decoded(answer: list[bytes]) -> list[str]:
    return [task_id.decode() for task_id in answer]


def _state(answer: bytes | None) -> State:
    return State(answer.decode()) if answer else State.UNKNOWN


def _entry(task_id: str, answer: list[bytes | None]) -> Entry:
    text = {name: value.decode() for name, value in zip(_FIELDS, answer, strict=True) if value is not None}

    def time(name: str) -> float | None:
        return float(text[name]) if name in text else None

    return Entry(
        task_id,
        State(text.get("state", State.UNKNOWN.value)),
        text.get("label", ""),
        int(text.get("deliveries", 0)),
        time("submitted"),
        time("started"),
        time("finished"),
        text.get("worker", ""),
        text.get("error", ""),
    )
