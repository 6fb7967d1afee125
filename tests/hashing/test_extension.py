"""What becomes of hashing where the extension is missing or broken."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from perfpy import hashing
from perfpy.hashing import _extension


@pytest.fixture
def importing(monkeypatch):
    """Let the import of the extension fail in a way of the test's, and nobody remember it."""

    def fail_with(error):
        def import_module(name):
            raise error

        monkeypatch.setattr(_extension, "import_module", import_module)

    caches = (_extension.extension, hashing._hash_key)
    for function in caches:
        function.cache_clear()
    yield fail_with
    for function in caches:
        function.cache_clear()


@pytest.mark.parametrize("keys", [["spam", 1, None], np.arange(5), np.array(["a", "b"])])
def test_without_it_hashes_are_the_same(importing, keys):
    expected = hashing.hash_keys(keys).tolist()
    _extension.extension.cache_clear()
    importing(ModuleNotFoundError("not built"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hashing.hash_keys(keys).tolist() == expected
    assert hashing.hash64("spam") == 0x48EBA6F53FDEF21F


def test_a_broken_one_is_not_passed_over_silently(importing):
    importing(ImportError("undefined symbol: x"))
    with pytest.warns(RuntimeWarning, match="installed but broken: undefined symbol: x; hashing without it"):
        assert hashing.hash64("spam") == 0x48EBA6F53FDEF21F
