"""Queues on Redis and RabbitMQ: servers that do not answer, messages that are lost, doubled or not ours."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from perfpy.queues import Outcome, Queue, State, open_queue

pytest.importorskip("celery", reason='needs Celery: pip install "perfpy[jobs]"')
import kombu
import kombu.entity

from perfpy.queues import _celery_worker

PATIENCE = 60.0


@pytest.fixture(scope="session", params=["redis", "amqp"])
def url(request: pytest.FixtureRequest) -> str:
    made: str = request.getfixturevalue(f"{request.param}_url")
    return made


def put(queue: Queue, payload: str) -> str:
    task_id = uuid.uuid4().hex
    queue.put(task_id, payload.encode())
    return task_id


@pytest.fixture
def nobody() -> Iterator[int]:
    """Return a port of which nobody ever accepts a connection or answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield listening.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("scheme", "silent"),
    [("redis", False), ("amqp", False), ("records", False), ("redis", True), ("amqp", True)],
)
def test_a_server_that_cannot_be_reached_is_named_in_seconds(
    scheme: str, silent: bool, nobody: int, request: pytest.FixtureRequest
) -> None:
    port = nobody if silent else closed_port()
    if scheme == "redis":
        url, remedy = f"redis://127.0.0.1:{port}/0", f"redis-server --port {port}"
    elif scheme == "amqp":
        records = request.getfixturevalue("redis_server") / "url"
        url = f"amqp://guest:guest@127.0.0.1:{port}//?results={records.read_text()}"
        remedy = "apt install rabbitmq-server"
    else:
        broker = request.getfixturevalue("rabbitmq_server") / "url"
        url, remedy = f"{broker.read_text()}?results=redis://127.0.0.1:{port}", f"redis-server --port {port}"
    queue = open_queue(url)
    started = time.monotonic()
    with pytest.raises(ConnectionError, match=f"127.0.0.1:{port}") as caught:
        queue.check()
    assert time.monotonic() - started < 15  # two tries of 1.4 s each, while other tests use the cores
    assert remedy in str(caught.value)
    with pytest.raises(ConnectionError, match=f"127.0.0.1:{port}"):
        queue.put("task", b"")
    assert time.monotonic() - started < 30
    if not silent:
        with pytest.raises(ConnectionError, match=f"127.0.0.1:{port}"):
            queue.work(bytes)
    queue.close()


def test_a_task_that_could_not_be_sent_is_not_kept(redis_url: str) -> None:
    queue = open_queue(
        f"amqp://127.0.0.1:{closed_port()}//?queue=unsent&results={redis_url.partition('?')[0]}"
    )
    with pytest.raises(ConnectionError):
        queue.put("task", b"")
    assert queue.states(["task"]) == {"task": State.UNKNOWN}
    queue.close()


@pytest.mark.parametrize("kind", ["redis", "rabbitmq"])
def test_a_wrong_password_is_told_and_never_shown(kind: str, request: pytest.FixtureRequest) -> None:
    right = (request.getfixturevalue(f"{kind}_server") / "url").read_text()
    wrong = right.replace("open%20sesame@", "hush@").replace("guest:guest@", "guest:hush@")
    records = (request.getfixturevalue("redis_server") / "url").read_text()
    queue = open_queue(wrong if kind == "redis" else f"{wrong}?results={records}")
    with pytest.raises(ConnectionError, match=r"(?i)password|invalid username|ACCESS_REFUSED") as caught:
        queue.check()
    for text in (queue.url, str(caught.value)):
        assert "hush" not in text
        assert "sesame" not in text
    queue.close()


@pytest.mark.parametrize("kind", ["redis", "rabbitmq"])
def test_servers_are_spoken_to_by_tls_and_have_to_prove_who_they_are(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    secret = (request.getfixturevalue(f"{kind}_server") / "tls").read_text()
    records = (
        "" if kind == "redis" else f"&results={(request.getfixturevalue('redis_server') / 'url').read_text()}"
    )
    queue = open_queue(f"{secret}&queue=tls{records}")
    queue.check()
    queue.put("by-tls", b"")
    assert queue.states(["by-tls"]) == {"by-tls": State.WAITING}
    queue.forget("by-tls")
    queue.close()
    # Those that the system trusts have not signed the server's certificate.
    distrusting = open_queue(f"{secret.partition('?')[0]}?queue=tls{records}")
    with pytest.raises(ConnectionError, match=r"(?i)certificate"):
        distrusting.check()
    distrusting.close()


def test_the_variables_of_other_celery_applications_change_nothing(
    queue: Queue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        monkeypatch.setenv(name, f"redis://127.0.0.1:{closed_port()}/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CELERY_CONFIG_MODULE", "no_such_module")
    other = open_queue(url)
    other.check()
    other.put("unperturbed", b"")
    assert queue.states(["unperturbed"]) == {"unperturbed": State.WAITING}
    other.close()


class Evil:
    """What does harm when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_a_worker_takes_nothing_but_ids_of_tasks(queue: Queue, start_worker: Any, tmp_path: Path) -> None:
    """Whatever else comes is dropped, pickles unread, and the worker goes on."""
    mark = tmp_path / "mark"
    app = queue._app  # type: ignore[attr-defined]
    name = app.conf.task_default_queue
    arguments = [("text",), (3,), ([1],), ("no such task",), (), ("two", "arguments")]
    with app.connection_for_write() as connection, connection.channel() as channel:
        producer = kombu.Producer(channel)
        declared = app.amqp.queues[name]
        exchange, key = declared.exchange, declared.routing_key
        producer.publish(
            pickle.dumps(Evil(mark)),
            exchange=exchange,
            routing_key=key,
            declare=[declared],
            content_type="application/x-python-serialize",
            content_encoding="binary",
            headers={"task": "perfpy.do", "id": "evil"},
        )
        for body in (b"\xff{", b"[]", b'{"a": 1}'):
            producer.publish(
                body,
                exchange=exchange,
                routing_key=key,
                content_type="application/json",
                content_encoding="utf-8",
                headers={"task": "perfpy.do", "id": "strange"},
            )
    for words in arguments:
        app.send_task("perfpy.do", words)
    app.send_task("os.system", ("false",))
    app.pool.force_close_all()
    start_worker()
    task_id = put(queue, "echo last")
    assert queue.wait([task_id], PATIENCE) == {task_id: State.DONE}
    assert not mark.exists()


def test_a_message_that_comes_twice_is_done_once(queue: Queue, start_worker: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    task_id = put(queue, f"append {file} word")
    for _ in range(3):
        queue._app.send(task_id)  # type: ignore[attr-defined]
    start_worker(2)
    last = put(queue, "echo last")
    assert queue.wait([last], PATIENCE) == {last: State.DONE}
    assert queue.wait([task_id], PATIENCE) == {task_id: State.DONE}
    assert file.read_text() == "word\n"
    assert queue.entry(task_id).deliveries == 1


def test_a_message_that_is_lost_is_sent_again(
    queue: Queue, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server has lost its messages, but not the records."""
    servers: Any = queue
    task_id = put(queue, "echo word")
    with servers._app.connection_for_write() as connection, connection.channel() as channel:
        channel.queue_purge(servers._app.conf.task_default_queue)
    assert servers._app.depth() == 0
    worker = _celery_worker.Worker(servers._app, servers._records, bytes, 1, None)
    worker._send_what_is_overdue()
    assert servers._app.depth() == 0, "it has not waited for long"
    monkeypatch.setattr(_celery_worker, "_OVERDUE", 0.0)
    worker._send_what_is_overdue()
    assert servers._app.depth() == 1
    worker._send_what_is_overdue()
    assert servers._app.depth() == 1, "there is a message"
    assert queue.states([task_id]) == {task_id: State.WAITING}


def test_the_first_result_counts_and_late_ones_change_nothing(queue: Queue) -> None:
    records: Any = queue._records  # type: ignore[attr-defined]
    queue.put("task", b"payload")
    slow = records.claim("task", "slow", -1.0, "host:1")
    assert slow.payload == b"payload"
    assert records.claim("task", "other", 5.0, "host:2") is None, "it is being done"
    assert records.ended() == ["task"]
    assert records.lose("task", "wrong", "is not its own") is None
    assert records.lose("task", "", "was not heard of") is State.WAITING
    assert "host:1" in queue.entry("task").error
    fast = records.claim("task", "fast", 5.0, "host:2")
    assert records.beat("host:1", 1, 5.0, {"task": "slow"}) == ["task"], "it is another's now"
    assert records.beat("host:2", 2, 5.0, {"task": "fast"}) == []
    assert records.lose("task", "", "has not ended") is None
    assert records.claim("task", "other", 5.0, "host:1", 0.05) is None
    assert records.beat("host:2", 2, 5.0, {"task": "fast"}) == [], "it was doubted, and heard of"
    time.sleep(0.1)
    assert records.ended() == []
    assert records.claim("task", "other", 5.0, "host:1", 0.05) is None
    time.sleep(0.1)
    assert records.ended() == ["task"], "it was doubted, and not heard of"
    assert records.finish("task", slow.submitted, Outcome(State.DONE, b"first"), "")
    assert not records.finish("task", fast.submitted, Outcome(State.FAILED, b"late"), "late")
    assert queue.outcome("task") == (State.DONE, b"first")
    queue.forget("task")
    queue.put("task", b"another")
    assert not records.finish("task", slow.submitted, Outcome(State.DONE, b"of the one before"), "")
    assert queue.workers() == 3
    records.leave("host:1")
    records.leave("host:2")
    assert queue.workers() == 0
    with pytest.raises(ValueError, match="there is a task 'task' already"):
        queue.put("task", b"")


def test_many_threads_use_one_queue(queue: Queue) -> None:
    def use(number: int) -> None:
        for i in range(10):
            queue.put(f"{number}-{i}", b"x")
            seen.append(queue.entry(f"{number}-{i}").state)

    seen: list[State] = []
    threads = [threading.Thread(target=use, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [State.WAITING] * 160
    assert len(queue.listing()) == 160
    newest = queue.listing([State.WAITING, State.DONE], limit=7)
    times = [entry.submitted or 0.0 for entry in newest]
    assert len(times) == 7
    assert times == sorted(times, reverse=True)


def test_a_worker_whose_processes_cannot_start_says_so(url: str) -> None:
    program = (
        "import sys; from perfpy.queues import open_queue\n"
        "open_queue(sys.argv[1]).work(bytes, initializer=sys.exit)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, url], capture_output=True, text=True, timeout=PATIENCE
    )
    assert ended.returncode == 1
    assert "RuntimeError: a worker's process could not start: it exited with code" in ended.stderr
