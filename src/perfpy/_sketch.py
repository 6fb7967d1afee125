"""What the structures have in common that keep little of many keys: taking keys in, saving, pickling.

A structure is an abstract class, its family, with one class per backend. What a family has to say of itself
is what is abstract here.
"""

from __future__ import annotations

import inspect
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias, TypeVar

from . import _lines
from ._container import pack, unpack
from ._dispatch import BackendUnavailable, Technique
from ._files import write_atomically
from .hashing import plain

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from ._lines import Source
    from .executors import ExecutorLike

Key: TypeAlias = Callable[[Any], object]
AnySketch = TypeVar("AnySketch", bound="Sketch")


class Sketch(ABC):
    """Takes keys in and keeps something smaller; what it does depends on neither process nor machine."""

    __slots__ = ()  # a class of a backend can do without a dict, which every call of a method would look into

    #: The backend's name.
    backend: ClassVar[str]
    #: What a structure of the family is called, in errors and in files.
    kind: ClassVar[str]
    #: What errors call what is added.
    added: ClassVar[str] = "keys"
    _key: Key | None

    @classmethod
    @abstractmethod
    def _technique(cls) -> Technique:
        """Return the table of the family's backends."""

    @abstractmethod
    def add(self, key: object, /) -> None:
        """Add a key."""

    @abstractmethod
    def _update(self, keys: Iterable[Any], /) -> None:
        """Add keys from a source that is plain."""

    def update(self, items: Iterable[Any], *, executor: ExecutorLike = None) -> None:
        """Add all keys of an iterable, or of a 1-D array or column of numbers, str or bytes.

        Arrays are those of numpy, columns those of Arrow (from pyarrow, polars, or whatever speaks its C data
        interface) and of pandas; null is the key None. Where one is no key, those before it have been added.

        Parameters
        ----------
        items : iterable, or 1-D array or column
            The keys.
        executor : None, str or executor, default: None
            Where it is done, in parts that are united at the end; see `perfpy.executors.resolve`. It changes
            nothing of the result, but where one of the keys is none: then any others may have been added.
            Threads need memory for one structure each. Keys that are objects of Python, as those of a list,
            gain nothing from threads, and this thread adds them.

        Examples
        --------
        >>> import numpy as np
        >>> import perfpy
        >>> numbers = perfpy.hyperloglog()
        >>> numbers.update(np.arange(1000) % 700, executor="threads")
        >>> numbers.count()
        700.0
        """
        if executor is not None:
            from ._division import update

            update(self, items, executor)
            return
        if self._key is not None:
            items = map(self._key, items)
        self._update(plain(items, self.added))

    def update_from_lines(
        self, source: Source, *, encoding: str | None = "utf-8", executor: ExecutorLike = None
    ) -> None:
        r"""Add each line of files as a key, without its end, in memory that does not grow with the files.

        Parameters
        ----------
        source : path, iterable of paths, or binary file
            What is read to its end, and unpacked if the name ends in ``.gz``, ``.bz2`` or ``.xz``. Standard
            input is ``sys.stdin.buffer``.
        encoding : str or None, default: "utf-8"
            Of the text, whose lines are the keys as a file that is open for text gives them: ended by
            ``\n``, ``\r`` or ``\r\n``. With None, they are bytes, and end alike.
        executor : None, str or executor, default: None
            As for `update`. Processes read parts of files, and have to be able to open them.

        Raises
        ------
        UnicodeDecodeError
            If the text is not in this encoding. Lines before may have been added.
        OSError
            If a file cannot be read.

        Examples
        --------
        >>> import io
        >>> import perfpy
        >>> words = perfpy.hyperloglog()
        >>> words.update_from_lines(io.BytesIO(b"spam\neggs\nspam"))
        >>> words.count()
        2.0
        """
        if executor is not None:
            from ._division import update_from_lines

            update_from_lines(self, source, encoding, executor)
            return
        for batch in _lines.batches(source, encoding):
            self.update(batch)

    def _undividable(self) -> str:
        """Say for what kind of structure parts do not unite to what the whole would be; else nothing."""
        return ""

    def _blank(self) -> Any:
        """Return an empty structure like this one."""
        made: Any = self
        made = made.copy()
        made.clear()
        return made

    def _recipe(self) -> tuple[Callable[..., Sketch], tuple[Any, ...]]:
        """Return what makes an empty structure like this one in another process, and is small."""
        if self._key is not None:
            raise ValueError("executor must be None or threads with a key function, which cannot be sent")
        make, arguments = self._blank().__reduce__()
        return make, arguments

    @abstractmethod
    def _content(self) -> tuple[dict[str, Any], Buffer]:
        """Return what describes the data, and the data, little-endian."""

    @classmethod
    @abstractmethod
    def _restore(cls, meta: dict[str, Any], data: memoryview) -> Self:
        """Make one of what a container has, all of which is to be checked; of a class that is a backend's."""

    def _container(self) -> list[Buffer]:
        if self._key is not None:
            raise ValueError(
                f"no {self.kind} with a key function can be saved; save one of the keys themselves"
            )
        return pack(self.kind, *self._content())

    def to_bytes(self) -> bytes:
        """Return it as bytes, with a checksum; `from_bytes` makes the same of them again."""
        return b"".join(self._container())

    @classmethod
    def from_bytes(cls, data: Any, *, verify: bool = True) -> Self:
        """Make one of what `to_bytes` returned; a `ValueError` says what is wrong with it."""
        return cls._backend_class()._restore(*unpack(cls.kind, data, verify=verify))

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, which is there whole or not at all."""
        parts = self._container()
        write_atomically(Path(path), lambda file: file.writelines(parts))

    @classmethod
    def load(cls, path: str | PathLike[str], *, verify: bool = True) -> Self:
        """Read one from a file that `save` wrote.

        Parameters
        ----------
        path : path
            The file.
        verify : bool, default: True
            Check the checksum.
        """
        return cls.from_bytes(Path(path).read_bytes(), verify=verify)

    @classmethod
    def _backend_class(cls) -> type[Self]:
        """Return this class, or of a family the class of the fastest backend."""
        return cls._technique()["auto"] if inspect.isabstract(cls) else cls  # type: ignore[return-value]

    def __reduce__(self) -> tuple[Any, ...]:
        family = next(base for base in type(self).__mro__ if "kind" in vars(base))
        return restored, (family, self.backend, self.to_bytes())

    __hash__ = None  # type: ignore[assignment]  # it changes


class Keyed(Sketch):
    """Makes the key of a single item first; that of many is `Sketch.update`'s affair."""

    _key: Key

    def add(self, key: Any, /) -> None:
        """Add the key of an item."""
        super().add(self._key(key))  # type: ignore[safe-super]  # of the class that this is mixed into


def available(family: type[Sketch], backend: str) -> Any:
    """Return the class of a backend, or of the fastest where that one is not there."""
    table = family._technique()
    try:
        return table[backend]
    except BackendUnavailable:
        return table["auto"]


def restored(family: type[Sketch], backend: str, data: bytes) -> Sketch:
    """Unpickle one, with another backend where its own is not there."""
    unpickled: Sketch = available(family, backend).from_bytes(data)
    return unpickled


def filled(made: AnySketch, items: Iterable[Any] | None, executor: ExecutorLike) -> AnySketch:
    """Return a new structure with the keys in it that a public function was given."""
    if items is not None:
        made.update(items, executor=executor)
    elif executor is not None:
        raise ValueError("executor must be None where there are no items; give it to update()")
    return made


def checked_seed(seed: Any) -> int:
    """Return the seed of a hash, or complain."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed must be an int, not {type(seed).__name__}: {seed!r}") from None
    if not 0 <= number < 2**64:
        raise ValueError(f"seed must be from 0 to 2**64 - 1, not {number}")
    return number


def checked_key(key: Any) -> Key | None:
    """Return a function that makes keys, or None, or complain."""
    if key is not None and not callable(key):
        raise TypeError(f"key must be a function, not {type(key).__name__}: {key!r}")
    made: Key | None = key
    return made


def checked_level(level: Any) -> float:
    """Return a level of confidence, or complain."""
    try:
        within = bool(0 < level < 1)
    except (TypeError, ValueError):
        raise TypeError(f"level must be a float, not {type(level).__name__}: {level!r}") from None
    if not within:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    return float(level)
