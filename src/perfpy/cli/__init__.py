"""The command line; what a command needs is imported when it runs, so that ``perfpy --help`` is quick."""

from __future__ import annotations

import click

from .backends import backends, info
from .bloom import bloom
from .compare import compare
from .diffuse import diffuse
from .distinct import distinct
from .executors import executors
from .ipc import ipc
from .jobs import jobs
from .julia import julia
from .pi import pi
from .primes import primes
from .scaling import scaling
from .trie import trie
from .worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="perfpy")
def command() -> None:
    """Every technique of high-performance Python: call it, compare its backends, draw what it finds."""


for _command in (
    compare,
    backends,
    executors,
    info,
    ipc,
    scaling,
    julia,
    diffuse,
    primes,
    pi,
    distinct,
    bloom,
    trie,
    jobs,
    worker,
):
    command.add_command(_command)
