"""Celery, set up to deliver the ids of tasks: at least once, one at a time, and nothing but JSON."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import amqp
import celery
import kombu
import kombu.entity
import kombu.pools

from ._celery_address import Address, unreachable
from ._celery_message import TASK, Consumer

_TO_CONNECT = 1.4  # seconds; two tries stay within what `Queue.check` may take
_CONNECTIONS = 10  # to send by, at most
_DAY = 86400


class App(celery.Celery):  # type: ignore[misc]
    """A Celery application of a queue.

    Parameters
    ----------
    address : Address
        Where the queue is.
    """

    def __init__(self, address: Address) -> None:
        super().__init__(
            "perfpy", set_as_current=False, loader="app", fixups=[], config_source=_settings(address)
        )
        self._address = address
        self._broker = urlunsplit(urlsplit(address.broker)._replace(query=""))
        # Celery's pools belong to all applications of a process, and cannot be closed by one of them.
        self._connections = self.connection_for_write().Pool(_CONNECTIONS)
        pools: Any = kombu.pools
        self._producers = pools.ProducerPool(self._connections, _CONNECTIONS, Producer=self.amqp.Producer)

    # The environment would have the last word: CELERY_BROKER_URL is meant for somebody else's tasks.
    def connection_for_read(self, url: str | None = None, **options: Any) -> Any:
        """Return a connection to consume by."""
        return super().connection_for_read(url or self._broker, **options)

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        """Return a connection to publish by."""
        return super().connection_for_write(url or self._broker, **options)

    def check(self) -> None:
        """Raise `ConnectionError` where the broker does not answer."""
        with self.reached(), self.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, interval_max=0)
            if connection.transport.driver_type == "redis":  # whose connections are made when they are needed
                connection.default_channel.client.ping()

    def send(self, task_id: str) -> None:
        """Let a task be delivered."""
        with self.reached(), self._producers.acquire(block=True) as producer:
            self.send_task(TASK, (task_id,), ignore_result=True, producer=producer)

    def depth(self) -> int:
        """Return how many messages no worker has been given yet."""
        with self.reached(), self.connection_for_write() as connection, connection.channel() as channel:
            queue = self.amqp.queues[self._address.name]
            # Not passively: the server may have lost the queue, and kombu forgets the prefix of Redis's keys.
            declared = channel.queue_declare(
                queue.name, durable=True, auto_delete=False, arguments=queue.queue_arguments
            )
            return int(declared.message_count)

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Turn the errors of a broker that cannot be reached, or does not let us in, into Python's."""
        try:
            yield
        except (kombu.exceptions.OperationalError, amqp.AMQPError, OSError, *_redis_errors()) as error:
            raise unreachable(self._address.broker, error) from error

    def close(self) -> None:
        """Close the connections."""
        self._producers.force_close_all()
        self._connections.force_close_all()
        super().close()


def _settings(address: Address) -> dict[str, Any]:
    scheme = urlsplit(address.broker).scheme
    settings = {
        "task_default_queue": address.name,
        "task_queues": [_queue(address.name)],
        "task_serializer": "json",
        "accept_content": ["json"],
        "worker_consumer": Consumer,
        "task_ignore_result": True,  # results are in the records
        "task_acks_late": True,  # a worker that dies has not acknowledged what it did
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 1,  # no task waits for a busy worker while another one is idle
        "worker_enable_remote_control": False,  # what is to be known of workers is in the records
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # leases decide whose a task is
        "broker_connection_timeout": _TO_CONNECT,
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0},
    }
    if scheme.startswith("redis"):
        settings["broker_transport_options"] = {
            "global_keyprefix": "perfpy:celery:",
            # A message that is not acknowledged in this time is delivered again. Leases see to what is lost
            # long before; if a task takes longer, its second message is dropped.
            "visibility_timeout": _DAY,
            "polling_interval": 0.2,  # seconds that a worker may need to notice that it is to stop
            "socket_connect_timeout": _TO_CONNECT,
            "socket_timeout": 30.0,
            "socket_keepalive": True,
        }
    else:
        settings["broker_transport_options"] = {"confirm_publish": True}
    if scheme in ("rediss", "amqps"):
        settings["broker_use_ssl"] = _tls(address.broker)
    return settings


def _queue(name: str) -> Any:
    # RabbitMQ ends the channel of a consumer that does not acknowledge within half an hour; from version 3.12
    # on a queue can have that longer. A task may take as long as its own time limit says.
    arguments = {"x-consumer-timeout": 10 * 365 * _DAY * 1000}
    entity: Any = kombu.entity
    return entity.Queue(name, entity.Exchange(name, "direct"), routing_key=name, queue_arguments=arguments)


def _tls(url: str) -> dict[str, Any]:
    """Say how a server proves who it is: always, by the certificates given or those of the system."""
    parts = urlsplit(url)
    files = {key.removeprefix("ssl_"): value for key, value in parse_qsl(parts.query)}
    if parts.scheme == "rediss":
        return {"ssl_cert_reqs": ssl.CERT_REQUIRED, **{f"ssl_{key}": value for key, value in files.items()}}
    return {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": parts.hostname or "localhost", **files}


def _redis_errors() -> tuple[type[Exception], ...]:
    import redis

    return (redis.RedisError,)
