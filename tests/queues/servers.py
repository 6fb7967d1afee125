"""Servers for the tests, on loopback and free ports, which end when the process of the tests does.

``python servers.py redis FOLDER PID`` starts Redis with its data in FOLDER and writes the URL of its queues
to FOLDER/url; a guard kills the server when the process PID is gone, however it ended. So with ``rabbitmq``.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

PASSWORD = "open sesame"
_QUOTED = "open%20sesame"
_PATIENCE = 90.0


def missing(kind: str) -> str:
    """Say what has to be installed for a server, if anything."""
    if kind == "redis":
        return "" if shutil.which("redis-server") else "needs Redis: apt install redis-server"
    there = _rabbitmq_program() and shutil.which("epmd")
    return "" if there else "needs RabbitMQ: apt install rabbitmq-server"


def start_redis(folder: Path, owner: int) -> None:
    port, tls_port = free_ports(2)
    certificate, key = _certificate(folder)
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": PASSWORD,
        "dir": folder,
        "save": "",
        "tls-port": tls_port,
        "tls-cert-file": certificate,
        "tls-key-file": key,
        "tls-ca-cert-file": certificate,
        "tls-auth-clients": "no",
    }
    options = (word for name, value in settings.items() for word in (f"--{name}", str(value)))
    _start_guarded(folder, owner, ["redis-server", *options], {})
    _wait_for(lambda: _answers(port, b"PING\r\n", b"-NOAUTH"))
    (folder / "tls").write_text(f"rediss://:{_QUOTED}@127.0.0.1:{tls_port}/0?ssl_ca_certs={certificate}")
    (folder / "url").write_text(f"redis://:{_QUOTED}@127.0.0.1:{port}/0")


def start_rabbitmq(folder: Path, owner: int) -> None:
    port, tls_port, between_nodes, names = free_ports(4)
    certificate, key = _certificate(folder)
    (folder / "plugins").write_text("[].")
    (folder / "environment").touch()
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        f"listeners.ssl.1 = 127.0.0.1:{tls_port}\n"
        f"ssl_options.certfile = {certificate}\n"
        f"ssl_options.keyfile = {key}\n"
        f"ssl_options.cacertfile = {certificate}\n"
        "ssl_options.verify = verify_none\n"
    )
    environment = {
        "HOME": str(folder),  # of Erlang's cookie
        "ERL_EPMD_PORT": str(names),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"perfpy{port}@localhost",
        "RABBITMQ_DIST_PORT": str(between_nodes),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "environment"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none "
        "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    _start_guarded(folder, owner, ["epmd", "-port", str(names), "-address", "127.0.0.1"], {})
    _wait_for(lambda: _answers(names, b"", b""))
    _start_guarded(folder, owner, [_rabbitmq_program()], environment)
    _wait_for(lambda: _answers(port, b"AMQP\x00\x00\x09\x01", b"\x01"))
    (folder / "tls").write_text(f"amqps://guest:guest@127.0.0.1:{tls_port}//?ssl_ca_certs={certificate}")
    (folder / "url").write_text(f"amqp://guest:guest@127.0.0.1:{port}//")


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _rabbitmq_program() -> str:
    """Return RabbitMQ's own script: Debian's has to be called by root, and uses the data of its service."""
    found = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    return str(found[-1]) if found else shutil.which("rabbitmq-server") or ""


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine that is its own authority."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def _start_guarded(folder: Path, owner: int, command: list[str], environment: dict[str, str]) -> None:
    with (folder / "output").open("ab") as output:
        subprocess.Popen(
            [sys.executable, __file__, "guard", str(owner), *command],
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def guard(owner: int, *command: str) -> None:
    """Run a server until its owner is gone, or it ends."""
    server = subprocess.Popen(command, start_new_session=True)
    watched = os.pidfd_open(owner)
    while server.poll() is None and not select.select([watched], [], [], 0.5)[0]:
        pass
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _answers(port: int, said: bytes, expected: bytes) -> bool:
    """Tell whether a server listens and begins its answer as it should."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(said)
            return not expected or connection.recv(100).startswith(expected)
    except OSError:
        return False


def _wait_for(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not answers():
        if time.monotonic() > deadline:
            raise TimeoutError("the server does not answer; see the file output beside this one")
        time.sleep(0.05)


def main(what: str, *arguments: str) -> None:
    if what == "missing":
        print(missing(*arguments), end="")
    elif what == "guard":
        guard(int(arguments[0]), *arguments[1:])
    else:
        folder, owner = Path(arguments[0]), int(arguments[1])
        {"redis": start_redis, "rabbitmq": start_rabbitmq}[what](folder, owner)


if __name__ == "__main__":
    main(*sys.argv[1:])
