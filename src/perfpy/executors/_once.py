"""What ends an engine, which several may ask for: Ctrl-C, a broken piece, the end of the program."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class Once:
    """A call that is made once, by whoever comes first, in the process that it is meant for."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call: Callable[[], object] | None = call
        self._process = os.getpid()
        self._lock = threading.Lock()

    def __call__(self) -> None:
        if os.getpid() != self._process:
            return
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            call()
