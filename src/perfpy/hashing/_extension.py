"""The extension that hashes in C, where there is one."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from typing import Any


@cache
def extension() -> Any:
    """Return the extension; None where this installation has none, or one that does not load."""
    try:
        return import_module("perfpy._ext.hashing._c")
    except ModuleNotFoundError:
        return None
    except ImportError as error:
        warnings.warn(
            f"the extension of perfpy.hashing is installed but broken: {error}; hashing without it",
            RuntimeWarning,
            stacklevel=3,
        )
        return None
