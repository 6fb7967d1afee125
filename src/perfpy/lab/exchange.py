"""What passes between `perfpy.compare` and the fresh process that runs one backend: files in a directory."""

from __future__ import annotations

import base64
import importlib
import json
import pickle
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from perfpy._dispatch import Backend, Kernel
from perfpy._files import write_atomically


@dataclass(frozen=True, slots=True)
class Request:
    """One backend on one workload.

    Attributes
    ----------
    technique, backend, workload : str
        The names.
    target : str
        ``"module:attribute"`` of the kernel, or a function as cloudpickle writes it, in base 64.
    by_value : bool
        Whether `target` is such a function.
    bound : float
        How far the result may be from the reference.
    executor : str, optional
        Passed to the public function.
    rounds : int, optional
        How many warm rounds; a time budget decides if left out.
    timeout : float
        Seconds after which this process will be killed.
    """

    technique: str
    backend: str
    workload: str
    target: str
    by_value: bool
    bound: float
    executor: str | None
    rounds: int | None
    timeout: float


@dataclass(slots=True)
class Reply:
    """What the process found out; fields stay empty from the point where something went wrong.

    Attributes
    ----------
    problem : str
        ``"missing"``, ``"raised"``, ``"mutates"`` or ``"differs"``; empty if all went well.
    detail : str
        What was wrong.
    import_seconds, first_seconds : float, optional
        Time to import the kernel, and of the first call with whatever is compiled in it.
    seconds : list of float
        The warm rounds; the first call alone where there was no time for more.
    memory_bytes : int, optional
        Peak of one call over what the process held before.
    largest_difference : float, optional
        From the reference.
    version, isa : str
        Of the package, and of the kernel.
    """

    problem: str = ""
    detail: str = ""
    import_seconds: float | None = None
    first_seconds: float | None = None
    seconds: list[float] = field(default_factory=list)
    memory_bytes: int | None = None
    largest_difference: float | None = None
    version: str = ""
    isa: str = ""


class Exchange:
    """The directory through which one request and its reply go; the reference lies in another file.

    Parameters
    ----------
    directory : Path
        Private to this request.
    reference : Path
        Where the reference result is, or is to be written if it does not exist.
    """

    def __init__(self, directory: Path, reference: Path) -> None:
        self.directory = directory
        self.reference = reference
        self.output = directory / "output.txt"
        self._request = directory / "request.json"
        self._reply = directory / "reply.json"
        self._stage = directory / "stage.txt"

    def ask(self, request: Request) -> None:
        """Write the request."""
        write_atomically(self._request, json.dumps(asdict(request)).encode())

    def request(self) -> Request:
        """Read the request."""
        return Request(**json.loads(self._request.read_bytes()))

    def answer(self, reply: Reply) -> None:
        """Write the reply; it is there whole or not at all."""
        write_atomically(self._reply, json.dumps(asdict(reply)).encode())

    def reply(self) -> Reply | None:
        """Read the reply, or return None if the process ended without one."""
        return Reply(**json.loads(self._reply.read_bytes())) if self._reply.exists() else None

    def enter(self, stage: str) -> None:
        """Note what the process is about to do, for the progress bar and in case it does not come back."""
        write_atomically(self._stage, stage.encode())

    def stage(self) -> str:
        """Read what the process was doing last."""
        return self._stage.read_text() if self._stage.exists() else "starting"

    def last_words(self, characters: int = 2000) -> str:
        """Return the end of what the process printed."""
        return self.output.read_text(errors="replace")[-characters:].strip() if self.output.exists() else ""


def save_result(path: Path, result: Any) -> None:
    """Write the reference result: an array as such, anything else by pickle."""
    if isinstance(result, np.ndarray) and not result.dtype.hasobject:
        with path.open("wb") as file:
            np.save(file, result)
    else:
        path.write_bytes(pickle.dumps(result, protocol=5))


def load_result(path: Path) -> Any:
    """Read the reference result; the file comes from a process of our own."""
    with path.open("rb") as file:
        return np.load(file, allow_pickle=True)


def locate(backend: Backend) -> tuple[str, bool]:
    """Say where a fresh process finds a kernel: its address, or its pickle and True.

    A `ValueError` explains why it cannot be found.
    """
    if isinstance(backend.target, str):
        return backend.target, False
    address = _importable(backend.target)
    if address is not None:
        return address, False
    try:
        cloudpickle = importlib.import_module("cloudpickle")
    except ImportError:
        raise ValueError(
            "the function exists only in this process, and each backend is run in a fresh one; "
            "put it into a module, or: pip install cloudpickle"
        ) from None
    return base64.b64encode(cloudpickle.dumps(backend.target)).decode(), True


def kernel_of(request: Request) -> str | Kernel:
    """Return the target of the backend that the request names."""
    if not request.by_value:
        return request.target
    kernel: Kernel = pickle.loads(base64.b64decode(request.target))
    return kernel


def _importable(function: Kernel) -> str | None:
    """Return ``"module:attribute"`` if importing that in another process gives this function."""
    module, name = getattr(function, "__module__", None), getattr(function, "__name__", None)
    if module is None or name is None or module == "__main__" or module not in sys.modules:
        return None
    return f"{module}:{name}" if getattr(sys.modules[module], name, None) is function else None
