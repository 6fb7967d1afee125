"""The package DAWG2: a double array over a minimal automaton in C++, the fastest of the known ones."""

from __future__ import annotations

from typing import Any

import dawg

from ._peer import PeerTrie


class Dawg(PeerTrie):
    """Keys in a `dawg.CompletionDAWG`, which numbers no keys."""

    backend = "DAWG2"
    longest = 30_000  # it crashes of much longer ones

    def _refusal(self, keys: list[Any]) -> str:
        if self._kind is bytes:
            return "bytes"
        return "NUL in keys" if any("\0" in key for key in keys) else super()._refusal(keys)

    def _made(self, keys: list[Any]) -> Any:
        return dawg.CompletionDAWG(keys)

    def _listed(self) -> list[Any]:
        return list(self._peer.iterkeys()) if self._count > self._has_empty else []

    def _holds(self, key: Any) -> bool:
        return "\0" not in key and key in self._peer

    @property
    def nbytes(self) -> int:
        """Bytes that the keys take, as saved."""
        return len(self._peer.tobytes())
