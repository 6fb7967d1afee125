"""The package marisa-trie: nested LOUDS tries in C++, the smallest of the known ones."""

from __future__ import annotations

from typing import Any

import marisa_trie

from ._peer import PeerTrie


class MarisaTrie(PeerTrie):
    """Keys in a `marisa_trie.Trie`, or `marisa_trie.BinaryTrie`; its numbers of keys are not in order."""

    backend = "marisa-trie"

    def _made(self, keys: list[Any]) -> Any:
        return (marisa_trie.Trie if self._kind is str else marisa_trie.BinaryTrie)(keys)

    def _listed(self) -> list[Any]:
        return list(self._peer.iterkeys())

    @property
    def nbytes(self) -> int:
        """Bytes that the keys take, as saved."""
        return len(self._peer.tobytes())
