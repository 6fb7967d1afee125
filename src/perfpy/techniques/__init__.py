"""The techniques: one folder each, found here by the name of their public function."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from types import ModuleType

from perfpy._dispatch import Backend, BackendInfo, Kernel, Technique
from perfpy._workload import Workload

#: Public function to the folder that defines it, in the order in which techniques are shown.
_FOLDERS = {
    "julia": "julia",
    "diffuse": "diffusion",
    "primes": "primes",
    "count_primes": "primes",
    "nth_prime": "primes",
    "is_prime": "primes",
    "next_prime": "primes",
    "previous_prime": "primes",
    "prime_factors": "primes",
    "twin_primes": "primes",
    "constellations": "primes",
    "estimate_pi": "pi",
    "bloom_filter": "bloom",
    "hyperloglog": "cardinality",
    "exaloglog": "cardinality",
    "count_min": "cardinality",
    "trie": "trie",
    "linear_counting": "counting",
    "loglog": "counting",
    "superloglog": "counting",
    "k_minimum_values": "counting",
    "morris_counter": "counting",
}


def names() -> tuple[str, ...]:
    """Return the names of all techniques."""
    return tuple(_FOLDERS)


def folder(name: str) -> ModuleType:
    """Import the folder of a technique, where its public function is; a `ValueError` lists the names."""
    if name not in _FOLDERS:
        near = difflib.get_close_matches(str(name), _FOLDERS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown technique {name!r}: expected one of {', '.join(_FOLDERS)}{hint}")
    return importlib.import_module(f"{__name__}.{_FOLDERS[name]}")


def find(name: str) -> Technique:
    """Return a technique's table of backends; a `ValueError` lists the names if there is none."""
    technique: Technique = getattr(folder(name), name.upper())
    return technique


def workloads(name: str) -> tuple[Workload, ...]:
    """Return a technique's named inputs; a folder of several techniques has a mapping of them."""
    module = importlib.import_module(f"{folder(name).__name__}._workloads")
    found = module.WORKLOADS
    chosen: tuple[Workload, ...] = found[name] if isinstance(found, Mapping) else found
    return chosen


def backends(technique: str | None = None) -> list[BackendInfo]:
    """List the backends of a technique, and why those that are missing are missing.

    Parameters
    ----------
    technique : str, optional
        Name of a technique, as ``"julia"``. All techniques if left out.

    Returns
    -------
    list of BackendInfo
        A row per backend with the attributes ``technique``, ``name``, ``available``, ``reason``, ``version``,
        ``isa``, ``peer`` and ``traits``.

    Raises
    ------
    ValueError
        If there is no technique of that name.

    See Also
    --------
    register_backend : Add a backend of your own.

    Examples
    --------
    >>> import perfpy
    >>> [row.name for row in perfpy.backends("julia")]
    ['python', 'numpy', 'numexpr', 'numba', 'cython', 'pythran', 'cffi', 'c']
    """
    chosen = names() if technique is None else (technique,)
    return [row for name in chosen for row in find(name).rows()]


def register_backend(technique: str, name: str, target: str | Kernel) -> None:
    """Add a backend of your own to a technique, or replace one.

    It can then be named in `backend=` and takes part in `perfpy.compare`, which verifies it against the
    reference before it times it. ``backend="auto"`` never chooses it.

    Parameters
    ----------
    technique : str
        Name of the technique, as ``"julia"``.
    name : str
        Name of the backend.
    target : callable or str
        The kernel, called as the technique's page says, or where to find it: ``"module:attribute"``.

    Raises
    ------
    ValueError
        If there is no such technique, the name is ``"auto"`` or ``"python"``, or a string has no colon.
    TypeError
        If `target` is neither callable nor a string.

    Examples
    --------
    >>> import perfpy
    >>> def all_escape(x, y, c, max_iterations, out):
    ...     out[:] = 0
    >>> perfpy.register_backend("julia", "pessimist", all_escape)
    >>> perfpy.julia([0.0], [0.0], backend="pessimist")
    array([[0]], dtype=int32)
    """
    if not isinstance(target, str) and not callable(target):
        raise TypeError(
            f"target must be a function or 'module:attribute', not {type(target).__name__}: {target!r}"
        )
    if isinstance(target, str) and ":" not in target:
        raise ValueError(f"target must be 'module:attribute', not {target!r}")
    if name == "python":
        raise ValueError("the backend 'python' is the reference and cannot be replaced; choose another name")
    find(technique).register(Backend(name, target))
