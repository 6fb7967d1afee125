"""Every technique of high-performance Python as a function you can call.

The public names are declared in ``__init__.pyi`` and loaded when first used, so that ``import perfpy``
costs little more than ``import numpy``.
"""

from collections.abc import Callable as _Callable

import lazy_loader as _lazy

_load: _Callable[[str], object]
_load, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    value = _load(name)
    globals()[name] = value  # the next access is a plain attribute look-up
    return value
