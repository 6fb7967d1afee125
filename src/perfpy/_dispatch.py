"""The backends of a technique: the table, the choice, the errors.

A public function asks for its kernel with ``TECHNIQUE[backend]``. On the warm path that is one dictionary
look-up; everything slow (reading the environment, importing, reporting errors) happens in ``__missing__`` the
first time and is remembered.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

Kernel = Callable[..., Any]
#: What a call asks of its backend beyond the ordinary: pairs of (argument, value).
Needs = tuple[tuple[str, object], ...]

ENTRY_POINT_GROUP = "perfpy.backends"
ENVIRONMENT_VARIABLE = "PERFPY_BACKEND"

#: The tools of perfpy's own backends, by meaning: the same names in every technique that has them.
TOOLS = ("python", "numpy", "numexpr", "numba", "cython", "pythran", "cffi", "c")


class BackendUnavailable(ImportError):
    """A backend that perfpy knows cannot be used in this installation.

    The message says why and, where installing a package is the remedy, the command that does it.
    """


@dataclass(frozen=True, slots=True)
class Traits:
    """What a backend promises beyond giving the answer.

    Parameters
    ----------
    bound : float, default: 0
        Largest relative difference from the ``python`` reference; 0 means bit for bit.
    releases_gil : bool, default: False
        Whether other Python threads run while the backend works.
    interruptible : bool, default: False
        Whether Ctrl-C stops a long call within a fraction of a second.
    note : str, default: ""
        How the backend does it, in a few words.
    """

    bound: float = 0.0
    releases_gil: bool = False
    interruptible: bool = False
    note: str = ""

    @property
    def exact(self) -> bool:
        """Whether the answer equals the reference bit for bit."""
        return self.bound == 0.0


@dataclass(frozen=True, slots=True)
class Backend:
    """One row of a technique's table.

    Parameters
    ----------
    name : str
        The tool's name (``"numba"``), or the PyPI name of a peer.
    target : str or callable
        The kernel, or where it is: ``"module:attribute"``.
    package : str, optional
        The package the backend is built on, if it needs one.
    extra : str, optional
        The extra of perfpy that installs `package`; without one, the package is installed by its own name.
    extension : str, optional
        The compiled module of perfpy that must have been built.
    peer : bool, default: False
        Whether this is an adapter around another package, used only when named.
    traits : Traits
        What the backend promises.
    lacks : mapping, optional
        Argument name to the values that the backend cannot take.
    """

    name: str
    target: str | Kernel
    package: str | None = None
    extra: str | None = None
    extension: str | None = None
    peer: bool = False
    traits: Traits = Traits()
    lacks: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def obstacle(self) -> str | None:
        """Say why the backend is absent, or return None; imports nothing but parent packages."""
        if self.package is not None and importlib.util.find_spec(self.package) is None:
            wanted = f'"perfpy[{self.extra}]"' if self.extra else self.package
            return f"the package {self.package!r} is not installed; install it with: pip install {wanted}"
        if self.extension is not None and not _is_built(self.extension):
            return f"this build of perfpy does not include {self.extension}"
        return None

    def load(self) -> Kernel:
        """Import the kernel."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        kernel: Kernel = getattr(importlib.import_module(module), attribute)
        return kernel

    def cannot(self, needs: Needs) -> tuple[str, object] | None:
        """Return the first of the needs that the backend lacks."""
        return next((need for need in needs if need[1] in self.lacks.get(need[0], ())), None)


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """One backend as this installation has it; see `perfpy.backends`.

    Attributes
    ----------
    technique, name : str
        Which backend of which technique.
    available : bool
        Whether a call that names the backend can succeed.
    reason : str
        Why not, and the remedy; empty where available.
    version : str
        Version of the package the backend is built on, or of perfpy for its own.
    isa : str
        Instruction set that the kernel was chosen for (``"avx512"``), empty where the tool decides.
    peer : bool
        Whether it is another package, there to be compared with.
    traits : Traits
        Exactness, threads, interrupts.
    """

    technique: str
    name: str
    available: bool
    reason: str
    version: str
    isa: str
    peer: bool
    traits: Traits


class Technique(dict[Any, Kernel]):
    """A technique's table of backends, and a mapping from backend name to kernel that fills itself.

    Parameters
    ----------
    name : str
        The public function's name, as in ``perfpy.backends(name)``.
    backends : iterable of Backend
        The table, in the order in which it is shown; ``"python"`` is the reference.
    auto : tuple of str
        The names that ``"auto"`` tries, fastest first.
    """

    def __init__(self, name: str, backends: tuple[Backend, ...], *, auto: tuple[str, ...]) -> None:
        super().__init__()
        self.name = name
        self.table = {backend.name: backend for backend in backends}
        self.auto = auto
        self._failures: dict[str, Exception] = {}

    def __missing__(self, key: str | tuple[str, Needs]) -> Kernel:
        """Find, load and remember the kernel for a backend name, or for a name and the needs of a call."""
        name, needs = key if isinstance(key, tuple) else (key, ())
        if not isinstance(name, str):
            raise TypeError(f"backend must be a str, not {type(name).__name__}: {name!r}")
        kernel = self._load(self._choose(needs) if name == "auto" else self._named(name, needs))
        self[key] = kernel
        return kernel

    def resolve(self, name: str, needs: Needs = ()) -> str:
        """Return the name of the backend that a call with this `backend` argument uses."""
        return self._choose(needs).name if name == "auto" else self._named(name, needs).name

    def register(self, backend: Backend) -> None:
        """Add a backend, or replace one; kernels already chosen are chosen anew."""
        if backend.name == "auto":
            raise ValueError("a backend cannot be named 'auto': that name stands for perfpy's own choice")
        self.table[backend.name] = backend
        self._failures.pop(backend.name, None)
        self.clear()

    def backends(self) -> tuple[Backend, ...]:
        """Return the whole table, the backends of installed entry points included; loads none of them."""
        self._read_entry_points()
        return tuple(self.table.values())

    def rows(self) -> Iterator[BackendInfo]:
        """Describe every backend, those of installed entry points included."""
        for backend in self.backends():
            yield self.describe(backend)

    def describe(self, backend: Backend) -> BackendInfo:
        """Say whether one backend can be used here, and what it is built on."""
        reason = self._reason(backend)
        return BackendInfo(
            technique=self.name,
            name=backend.name,
            available=not reason,
            reason=reason,
            version="" if reason else _version(backend),
            isa="" if reason else _isa(backend),
            peer=backend.peer,
            traits=backend.traits,
        )

    def _reason(self, backend: Backend) -> str:
        """Say why a backend cannot be used; loads perfpy's own extensions, imports no other package."""
        obstacle = backend.obstacle()
        if obstacle is None and backend.extension is not None:
            try:
                self._load(backend)
            except BackendUnavailable as error:
                return str(error)
        failure = self._failures.get(backend.name)
        return obstacle or (_broken(self.name, backend.name, failure) if failure else "")

    def _named(self, name: str, needs: Needs) -> Backend:
        if name not in self.table:
            self._read_entry_points()
        if name not in self.table:
            raise ValueError(_unknown_backend(self.name, name, self.table))
        backend = self.table[name]
        need = backend.cannot(needs)
        if need is not None:
            able = [other.name for other in self.table.values() if other.cannot(needs) is None]
            raise ValueError(
                f"backend {name!r} of {self.name!r} cannot take {need[0]}={need[1]!r}; "
                f"backends that can: {', '.join(able)}"
            )
        return backend

    def _choose(self, needs: Needs) -> Backend:
        """Return the fastest backend that works here and can serve the call."""
        wanted = _environment_choice(self)
        if wanted is not None:
            try:
                return self._named(wanted, needs)
            except ValueError as error:
                raise ValueError(
                    f"{ENVIRONMENT_VARIABLE}={os.environ[ENVIRONMENT_VARIABLE]!r}: {error}"
                ) from None
        for name in self.auto:
            backend = self.table[name]
            if backend.cannot(needs) is None and backend.obstacle() is None:
                try:
                    self._load(backend)
                except BackendUnavailable as error:
                    warnings.warn(f"{error}; using another backend", RuntimeWarning, stacklevel=4)
                    self.auto = tuple(other for other in self.auto if other != name)
                    continue
                return backend
        return self._named("python", needs)

    def _load(self, backend: Backend) -> Kernel:
        """Import a backend's kernel; what goes wrong is remembered and said clearly."""
        if backend.name in self._failures:
            failure = self._failures[backend.name]
            raise BackendUnavailable(_broken(self.name, backend.name, failure)) from failure
        obstacle = backend.obstacle()
        if obstacle is not None:
            raise BackendUnavailable(
                f"backend {backend.name!r} of {self.name!r} is not available: {obstacle}"
            )
        try:
            return backend.load()
        except ValueError:
            raise  # a setting of the user's (PERFPY_ISA) is wrong, not the installation
        except Exception as failure:
            self._failures[backend.name] = failure
            raise BackendUnavailable(_broken(self.name, backend.name, failure)) from failure

    def _read_entry_points(self) -> None:
        """Add the backends of installed packages: entry points named ``technique.backend``."""
        for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
            technique, _, name = entry.name.partition(".")
            if technique == self.name and name and name not in self.table and name != "auto":
                self.table[name] = Backend(name, entry.value, peer=True)


def _is_built(extension: str) -> bool:
    try:
        return importlib.util.find_spec(extension) is not None
    except ModuleNotFoundError:  # its folder is missing, too
        return False


def _unknown_backend(technique: str, name: str, known: Mapping[str, Backend]) -> str:
    near = difflib.get_close_matches(name, [*known, "auto"], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown backend {name!r} of {technique!r}: expected 'auto' or one of {', '.join(known)}{hint}"


def _broken(technique: str, name: str, failure: Exception) -> str:
    return (
        f"backend {name!r} of {technique!r} is installed but broken: "
        f"{type(failure).__name__}: {failure}; reinstall it, or choose another backend"
    )


def _environment_choice(technique: Technique) -> str | None:
    """Read ``PERFPY_BACKEND``: a name for every technique that has it, or ``technique=name`` pairs."""
    choice = None
    for item in os.environ.get(ENVIRONMENT_VARIABLE, "").split(","):
        left, equals, right = (part.strip() for part in item.partition("="))
        if equals and left == technique.name:
            return None if right == "auto" else right
        if left and not equals and left != "auto" and (left in technique.table or left not in TOOLS):
            choice = left
    return choice


def _version(backend: Backend) -> str:
    try:
        return importlib.metadata.version(backend.package or "perfpy")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _isa(backend: Backend) -> str:
    """Return the instruction set that a compiled module of perfpy chose when it was loaded."""
    if backend.extension is None or not isinstance(backend.target, str):
        return ""
    module: ModuleType = importlib.import_module(backend.target.partition(":")[0])
    return str(getattr(module, "ISA", ""))
