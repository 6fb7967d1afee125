"""From a URL to the servers and names that a queue on Celery needs."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_DEFAULT_NAME = "perfpy"
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_DATABASE = re.compile(r"[0-9]{1,9}")
_RESULTS = "redis://HOST:6379/0"
_REMEDY = {
    "redis": "apt install redis-server, then: redis-server --port {port}",
    "amqp": "apt install rabbitmq-server, then: systemctl start rabbitmq-server",
}
_OPTIONS = ("queue", "results", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


class Address(NamedTuple):
    """Where a queue is.

    Attributes
    ----------
    broker : str
        URL of the server that delivers.
    records : str
        URL of the Redis server that keeps what is known of each task.
    name : str
        Which of the queues on these servers.
    shown : str
        All of this as a URL without passwords.
    """

    broker: str
    records: str
    name: str
    shown: str


def parsed(url: str) -> Address:
    """Read the URL of a queue."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    name = options.pop("queue", _DEFAULT_NAME)
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"queue {without_password(url)!r}: a name has letters, digits, '_', '.' and '-', not {name!r}"
        )
    records = options.pop("results", "")
    _check(url)
    broker = urlunsplit(parts._replace(query=urlencode(options), fragment=""))
    if parts.scheme.startswith("amqp"):
        if urlsplit(records).scheme not in ("redis", "rediss"):
            raise ValueError(
                f"queue {without_password(url)!r}: RabbitMQ delivers tasks but cannot keep their results; "
                f"say which Redis server does: {parts.scheme}://USER:PASSWORD@HOST/?results={_RESULTS}"
            )
        _check(records)
    elif records:
        raise ValueError(f"queue {without_password(url)!r}: results= is for amqp; Redis keeps results itself")
    return Address(broker, records or broker, name, without_password(url))


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    parts = urlsplit(url)
    options = [
        (key, without_password(value) if key == "results" else value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    user, at, host = parts.netloc.rpartition("@")
    if at and ":" in user:
        host = f"{user.partition(':')[0]}:***@{host}"
    elif at:
        host = f"{user}@{host}"
    return urlunsplit(parts._replace(netloc=host, query=urlencode(options, safe=":/@*"), fragment=""))


def unreachable(url: str, reason: object) -> ConnectionError:
    """Say that a server does not answer, and what to do about it."""
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or _PORTS[parts.scheme]
    kind = "redis" if parts.scheme.startswith("redis") else "amqp"
    server = {"redis": "Redis", "amqp": "RabbitMQ"}[kind]
    said = str(reason).strip() or type(reason).__name__
    return ConnectionError(
        f"no {server} server at {host}:{port} serves the queue ({said}); "
        f"start one with: {_REMEDY[kind].format(port=port)}"
    )


def _check(url: str) -> None:
    """Complain about a URL that no server can be reached by."""
    parts = urlsplit(url)
    shown = without_password(url)
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(f"queue {shown!r}: {error}") from None
    if port == 0:
        raise ValueError(f"queue {shown!r}: there is no port 0")
    database = parts.path.removeprefix("/")
    if parts.scheme.startswith("redis") and database and not _DATABASE.fullmatch(database):
        raise ValueError(f"queue {shown!r}: the path is the number of a database, not {database!r}")
    strange = [key for key, _ in parse_qsl(parts.query) if key not in _OPTIONS]
    if strange:
        raise ValueError(f"queue {shown!r}: unknown option {strange[0]!r}; there are {', '.join(_OPTIONS)}")
