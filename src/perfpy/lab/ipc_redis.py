"""Redis as a means of sharing: a server that is named, or one that is started here and ended again."""

from __future__ import annotations

import importlib
import importlib.util
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from .ipc_processes import context, interrupts_held

_PATIENCE = 5  # seconds for a server to start or to answer
_CONFIGURATION = """
bind 127.0.0.1
port {port}
requirepass {password}
dir {directory}
loglevel warning
save ""
appendonly no
"""


class Unavailable(Exception):
    """There is no Redis; the message says why."""


class RedisStore:
    """A number and two lists on a server, for any process that has this object.

    Parameters
    ----------
    url : str
        Of the server.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._key = f"perfpy:{secrets.token_hex(8)}"
        self._lists = (f"{self._key}:there", f"{self._key}:back")

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_client"}

    @cached_property
    def _client(self) -> Any:
        redis = importlib.import_module("redis")
        return redis.Redis.from_url(self._url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)

    def check(self) -> None:
        """Raise whatever the server, or the lack of one, answers."""
        self._client.ping()

    @property
    def value(self) -> int:
        """The number."""
        return int(self._client.get(self._key) or 0)

    @value.setter
    def value(self, value: int) -> None:
        self._client.set(self._key, value)

    def add(self, number: int) -> None:
        """Add to the number; no addition of others is lost."""
        self._client.incrby(self._key, number)

    def put(self, way: int, number: int) -> None:
        """Append a number to a list: 0 is there, 1 is back."""
        self._client.rpush(self._lists[way], number)

    def take(self, way: int) -> int:
        """Wait for a number of a list, and remove it."""
        found = self._client.blpop(self._lists[way], timeout=_PATIENCE)
        if found is None:
            raise TimeoutError(f"nothing came through Redis within {_PATIENCE} s")
        return int(found[1])

    def close(self) -> None:
        """Remove all traces from the server."""
        self._client.delete(self._key, *self._lists)
        self._client.close()


@contextmanager
def redis_store(url: str | None) -> Iterator[RedisStore]:
    """Give a store on the server with this URL, or on one that is started for it; or raise `Unavailable`."""
    if importlib.util.find_spec("redis") is None:
        raise Unavailable("needs the package redis; install it with: pip install redis")
    if url is None:
        with _server() as started, _opened(started) as store:
            yield store
    else:
        with _opened(url) as store:
            yield store


@contextmanager
def _opened(url: str) -> Iterator[RedisStore]:
    store = RedisStore(url)
    try:
        store.check()
    except Exception as error:
        raise Unavailable(f"no Redis answers at {_without_password(url)}: {error}") from error
    try:
        yield store
    finally:
        store.close()


def _without_password(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or url


@contextmanager
def _server() -> Iterator[str]:
    """Start a server on a port of the loopback interface, and end it when it is not needed any more.

    A process of ours stands between: it ends the server also where this process is killed, which ends the
    pipe to it.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise Unavailable("no redis-server is installed here, and no URL of one was given")
    here, there = context.Pipe()
    port, password = _free_port(), secrets.token_hex(16)
    keeper = context.Process(target=_keep, args=(there, program, port, password), daemon=True)
    try:
        with interrupts_held():
            keeper.start()
        there.close()
        problem = _first_word(here)
        if problem:
            raise Unavailable(f"redis-server did not start: {problem}")
        yield f"redis://:{password}@127.0.0.1:{port}"
    finally:
        here.close()
        if keeper.pid is not None:
            keeper.join(_PATIENCE)
            keeper.kill()


def _first_word(pipe: Connection) -> str:
    try:
        return str(pipe.recv())
    except EOFError:
        return "the process that was to start it died"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _keep(pipe: Connection, program: str, port: int, password: str) -> None:
    """Be the process that starts a server, says so, and ends it when the other end of the pipe is closed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with TemporaryDirectory(prefix="perfpy-redis-") as directory:
        server = subprocess.Popen(
            [program, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            text = _CONFIGURATION.format(port=port, password=password, directory=directory)
            assert server.stdin is not None
            server.stdin.write(text.encode())  # not on the command line, where everybody can read it
            server.stdin.close()
            pipe.send(_problem(server, port))
            pipe.poll(None)
        finally:
            server.kill()
            server.wait()


def _problem(server: subprocess.Popen[bytes], port: int) -> str:
    """Return why a server does not answer; nothing if it does."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            assert server.stdout is not None
            return server.stdout.read().decode(errors="replace").strip().rpartition("\n")[2]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return ""
    return f"no answer within {_PATIENCE} s"
