"""What starts the engines of ``executor=`` here, two workers each, for the programs that measure them."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_WAIT = "import ipyparallel; ipyparallel.Client(timeout=60).wait_for_engines(2, timeout=60)"
PATIENCE = 100  # seconds for one engine


def here() -> list[str]:
    """Return the engines that can be started on this machine."""
    found = ["processes:2"]
    packages = {"dask:2": "distributed", "ipyparallel": "ipyparallel", "mpi": "mpi4py", "ray:2": "ray"}
    found += [engine for engine, package in packages.items() if importlib.util.find_spec(package)]
    if shutil.which("mpiexec") is None and "mpi" in found:
        found.remove("mpi")
    return found


def ask(program: str, engine: str) -> Any:
    """Run a program for one engine, in a process of its own, and return what it prints last, as JSON."""
    command = [sys.executable, program, engine]
    environment = dict(os.environ)
    if engine == "mpi":
        command[1:1] = ["-m", "mpi4py.futures"]
        command[:0] = ["mpiexec", "-n", "3"]
        environment |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        environment |= {"OMPI_MCA_rmaps_base_oversubscribe": "1"}
    with _started(engine, environment):
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    if done.returncode:
        raise RuntimeError(f"{engine}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _started(engine: str, environment: dict[str, str]) -> Iterator[None]:
    """Run a cluster of ipyparallel for the length of a block; the other engines start by themselves."""
    if engine != "ipyparallel":
        yield
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        environment["IPYTHONDIR"] = folder
        command = [sys.executable, "-m", "ipyparallel.cluster"]
        options = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*command, "start", "-n", "2", "--daemonize"], check=True, **options)
        try:
            subprocess.run([sys.executable, "-c", _WAIT], check=True, **options)
            yield
        finally:
            subprocess.run([*command, "stop"], check=True, **options)
