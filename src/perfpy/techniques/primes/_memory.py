"""Whether a result fits into memory, found out before it is computed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def available() -> int:
    """Return how many bytes can still be had: what the system has, or less where a container has a limit."""
    free = _of_system()
    with suppress(OSError, ValueError):  # no limit ("max"), or no control groups
        limit = int((_GROUP / "memory.max").read_text())
        free = min(free, limit - int((_GROUP / "memory.current").read_text()) + _reclaimable())
    return max(free, 0)


def require(size: int, what: str) -> None:
    """Raise `MemoryError` if so many bytes are not to be had."""
    free = available()
    if size > free:
        raise MemoryError(
            f"{what} would take about {_readable(size)}, and {_readable(free)} are available; "
            "take them a part at a time with prime_blocks or iter_primes, or only count them"
        )


def _of_system() -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _reclaimable() -> int:
    """Return the bytes of cached files that count towards the container's limit and give way."""
    for line in (_GROUP / "memory.stat").read_text().splitlines():
        if line.startswith("inactive_file "):
            return int(line.split()[1])
    return 0


def _readable(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.1f} MiB"
