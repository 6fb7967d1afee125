"""URLs of queues on Redis and RabbitMQ."""

from __future__ import annotations

import pytest

from perfpy.queues import open_queue
from perfpy.queues._celery_address import parsed, unreachable, without_password


def test_redis_delivers_and_keeps_records() -> None:
    address = parsed("redis://:pass@host:1234/5?queue=mine")
    assert address.broker == address.records == "redis://:pass@host:1234/5"
    assert address.name == "mine"
    assert address.shown == "redis://:***@host:1234/5?queue=mine"


def test_rabbitmq_needs_redis_for_records() -> None:
    address = parsed("amqp://user:p%40ss@host/vhost?results=redis://:pass@other/1")
    assert address.broker == "amqp://user:p%40ss@host/vhost"
    assert address.records == "redis://:pass@other/1"
    assert address.name == "perfpy"
    assert address.shown == "amqp://user:***@host/vhost?results=redis://:***@other/1"
    with pytest.raises(ValueError, match=r"results=redis://HOST"):
        parsed("amqp://guest:secret@localhost//")


def test_options_for_tls_stay_with_their_server() -> None:
    address = parsed(
        "amqps://host//?ssl_ca_certs=/a.pem&results=rediss%3A%2F%2Fother%2F1%3Fssl_ca_certs%3D%2Fb.pem"
    )
    assert address.broker == "amqps://host//?ssl_ca_certs=%2Fa.pem"
    assert address.records == "rediss://other/1?ssl_ca_certs=/b.pem"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://host:port/0", "port"),
        ("redis://host:0/0", "no port 0"),
        ("redis://host:99999/0", "out of range"),
        ("redis://host/name", "number of a database"),
        ("redis://host/0?queue=", "a name has letters"),
        ("redis://host/0?queue=a:b", "a name has letters"),
        ("redis://host/0?db=3", "unknown option 'db'"),
        ("redis://host/0?results=redis://other", "Redis keeps results itself"),
        ("amqp://host//?results=sqlite:file", "results=redis://HOST"),
        ("amqp://host//?results=redis://other/name", "number of a database"),
        ("amqp://host:x//?results=redis://other", "Port"),
    ],
)
def test_what_is_wrong_with_a_url_is_said_without_its_password(url: str, said: str) -> None:
    scheme, _, rest = url.partition("://")
    with pytest.raises(ValueError, match=said) as caught:
        open_queue(f"{scheme}://user:secret@{rest}")
    assert "secret" not in str(caught.value)


def test_passwords_are_not_shown() -> None:
    assert without_password("redis://localhost:1/0") == "redis://localhost:1/0"
    assert without_password("amqp://user@host//") == "amqp://user@host//"
    error = unreachable("amqps://user:secret@host//", OSError(""))
    assert "host:5671" in str(error)
    assert "secret" not in str(error)
