"""Cython: what the NumPy backend keeps, searched without objects of Python."""

from __future__ import annotations

from typing import Any

from perfpy._ext.trie._cython import Sorted

from ._numpy import NumpyTrie


class CythonTrie(Sorted, NumpyTrie):
    """Sorted keys as bytes, where they begin, and their first eight bytes as numbers."""

    backend = "cython"

    def _bind(self, meta: dict[str, Any], data: memoryview) -> None:
        super()._bind(meta, data)
        self._attach(self._offsets, self._heads, self._bytes, self._text)
