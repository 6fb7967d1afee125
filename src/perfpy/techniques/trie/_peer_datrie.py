"""The package datrie: a double array in C that has to know the alphabet, and crashes of a large one."""

from __future__ import annotations

import tempfile
from typing import Any

import datrie

from ._peer import PeerTrie

_LARGEST_ALPHABET = 250


class Datrie(PeerTrie):
    """Keys in a `datrie.BaseTrie`."""

    backend = "datrie"
    longest = 30_000  # it loses much longer ones

    def _refusal(self, keys: list[Any]) -> str:
        if self._kind is bytes:
            return "bytes"
        self._alphabet = set().union(*keys)
        if "\0" in self._alphabet:
            return "NUL in keys"
        if len(self._alphabet) > _LARGEST_ALPHABET:
            return f"an alphabet of {len(self._alphabet)} characters, of which it would end the process"
        return super()._refusal(keys)

    def _made(self, keys: list[Any]) -> Any:
        made = datrie.BaseTrie(alphabet=sorted(self._alphabet) or "a")
        for number, key in enumerate(keys):
            made[key] = number % 2**31
        return made

    def _listed(self) -> list[Any]:
        return list(self._peer.keys())

    def _holds(self, key: Any) -> bool:
        return self._alphabet.issuperset(key) and key in self._peer

    @property
    def nbytes(self) -> int:
        """Bytes that the keys take, as saved."""
        with tempfile.TemporaryFile() as file:
            self._peer.write(file)
            return file.tell()
