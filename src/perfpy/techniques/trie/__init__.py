"""Tries: ordered sets and mappings of strings that take a few bytes per key."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from itertools import chain
from os import PathLike
from typing import Any

from perfpy import _lines
from perfpy._dispatch import Backend, Technique, Traits
from perfpy._lines import Source

from ._map import TrieMap
from ._ranges import KeyRange
from ._sources import pairs
from ._trie import Stats, Trie

__all__ = ["KeyRange", "Stats", "TRIE", "Trie", "TrieMap", "load_trie", "trie", "trie_from_lines"]

_HERE = "perfpy.techniques.trie"
_EXT = "perfpy._ext.trie"

TRIE = Technique(
    "trie",
    (
        Backend(
            "python",
            f"{_HERE}._python:PythonTrie",
            traits=Traits(interruptible=True, note="a sorted list, searched by bisection"),
        ),
        Backend(
            "numpy",
            f"{_HERE}._numpy:NumpyTrie",
            package="numpy",
            traits=Traits(interruptible=True, note="sorted bytes in one array; batches are searched at once"),
        ),
        Backend(
            "cython",
            f"{_HERE}._cython:CythonTrie",
            extension=f"{_EXT}._cython",
            traits=Traits(interruptible=True, note="sorted bytes, searched by their first eight as numbers"),
        ),
        Backend(
            "c",
            f"{_HERE}._c:CTrie",
            extension=f"{_EXT}._c",
            traits=Traits(
                releases_gil=True,
                interruptible=True,
                note="compact: a grammar over front-coded keys; fast: an automaton",
            ),
        ),
        Backend(
            "marisa-trie",
            f"{_HERE}._peer_marisa_trie:MarisaTrie",
            package="marisa_trie",
            extra="peers",
            peer=True,
            traits=Traits(note="nested LOUDS tries in C++; sorted only when asked for"),
        ),
        Backend(
            "DAWG2",
            f"{_HERE}._peer_dawg:Dawg",
            package="dawg",
            extra="peers",
            peer=True,
            traits=Traits(note="a double array over an automaton in C++; sorted only when asked for"),
        ),
        Backend(
            "datrie",
            f"{_HERE}._peer_datrie:Datrie",
            package="datrie",
            peer=True,
            traits=Traits(note="a double array in C, for small alphabets; sorted only when asked for"),
        ),
    ),
    auto=("c", "cython", "numpy"),
)

_LAYOUTS = ("compact", "fast")
_MEMORY_LIMIT = 1 << 30


def trie(
    keys: Iterable[Any],
    *,
    layout: str = "compact",
    memory_limit: int | None = None,
    backend: str = "auto",
) -> Trie | TrieMap:
    """Make an ordered set of strings that takes a few bytes per key; or a mapping, if keys have values.

    Parameters
    ----------
    keys : iterable of str or of bytes, mapping, or iterable of pairs
        The keys in any order, also several times; a list, a generator, an array or column of strings. Of a
        mapping, and of pairs of a key and its value, a mapping is made; the values are all ints, all numbers,
        or all bytes.
    layout : {"compact", "fast"}, default: "compact"
        ``"compact"`` takes the fewest bytes, ``"fast"`` finds a key soonest. Backends other than ``"c"`` have
        one layout of their own.
    memory_limit : int, optional
        Bytes that keys and values may take while they come in, 1 GiB if left out; beyond it they are sorted
        in temporary files. Only backend ``"c"`` has use for it: the others collect objects of Python.
    backend : str, default: "auto"
        Which implementation does it; see `perfpy.backends`.

    Returns
    -------
    Trie or TrieMap
        A set of the keys, or a mapping. Both are immutable and in order of code points, or of bytes.

    Raises
    ------
    ValueError
        If there is no such layout or backend, or a number is out of range.
    TypeError
        If a key is neither str nor bytes, or some are str and some bytes; if the values are of several types.
    MemoryError
        If it does not fit in memory.
    BackendUnavailable
        If the backend cannot be used in this installation; the message says what to install.

    See Also
    --------
    load_trie : Read one from a file.
    trie_from_lines : Make one of the lines of a text file.

    Notes
    -----
    Keys may be any strings: empty, with NUL, with halves of surrogate pairs. A str is kept as UTF-8, in which
    the order of bytes is that of code points.

    Examples
    --------
    >>> import perfpy
    >>> words = perfpy.trie(["pear", "apple", "peach", "plum"])
    >>> "peach" in words, "pea" in words
    (True, False)
    >>> list(words)
    ['apple', 'peach', 'pear', 'plum']
    >>> words.rank("pear"), words[2], list(words.keys("pea"))
    (2, 'pear', ['peach', 'pear'])
    >>> words.prefixes("pearl"), list(words.within("pearch")), list(words.match("p*?m"))
    (['pear'], ['peach'], ['plum'])
    >>> ages = perfpy.trie({"Ada": 36, "Alan": 41})
    >>> ages["Alan"], list(ages.prefixed("A"))
    (41, [('Ada', 36), ('Alan', 41)])
    """
    kernel = TRIE[backend]
    form = _layout(layout)
    limit = _limit(memory_limit)
    found, paired = pairs(keys)
    made: Trie | TrieMap = TrieMap.of(found, kernel, form, limit) if paired else kernel(found, form, limit)
    return made


def trie_from_lines(
    source: Source,
    *,
    encoding: str | None = "utf-8",
    layout: str = "compact",
    memory_limit: int | None = None,
    backend: str = "auto",
) -> Trie:
    r"""Make a trie of the lines of files; empty lines are left out.

    Parameters
    ----------
    source : path, iterable of paths, or binary file
        What is read to its end, and unpacked if the name ends in ``.gz``, ``.bz2`` or ``.xz``; it may be
        larger than memory. Standard input is ``sys.stdin.buffer``.
    encoding : str or None, default: "utf-8"
        Of the text; with None the keys are the bytes of the lines.
    layout, memory_limit, backend
        As of `trie`.

    Returns
    -------
    Trie
        The lines without their ends, which are ``\n``, ``\r`` or ``\r\n``.

    Raises
    ------
    OSError
        If a file cannot be read.
    UnicodeDecodeError
        If a file is not in this encoding.

    Examples
    --------
    >>> import perfpy, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "words.txt")
    ...     _ = path.write_text("pear\napple\n")
    ...     list(perfpy.trie_from_lines(path))
    ['apple', 'pear']
    """
    lines = filter(None, chain.from_iterable(_lines.batches(source, encoding)))
    made = trie(lines, layout=layout, memory_limit=memory_limit, backend=backend)
    assert isinstance(made, Trie)
    return made


def load_trie(path: str | PathLike[str], *, mmap: bool = True, verify: bool | None = None) -> Trie | TrieMap:
    """Read a trie from a file that its `Trie.save` wrote.

    Parameters
    ----------
    path : path
        The file.
    mmap : bool, default: True
        Map the file into memory instead of reading it: it is ready at once, pages are read when they are
        looked at, and processes share them. The file must not be changed meanwhile; another may be renamed to
        its name.
    verify : bool, optional
        Check the checksum, which reads the whole file; left out, it is checked where the file is not mapped.
        A damaged file that is not checked may give wrong keys and ranks, or a `ValueError` at a key that is
        no text or cannot be read, never more than that.

    Returns
    -------
    Trie or TrieMap
        What was saved.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no trie, or damaged.

    Examples
    --------
    >>> import perfpy, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "words.trie")
    ...     perfpy.trie(["pear", "apple"]).save(path)
    ...     words = perfpy.load_trie(path)
    >>> list(words)
    ['apple', 'pear']
    """
    return Trie.load(path, mmap=mmap, verify=verify)


def _layout(layout: Any) -> str:
    if not isinstance(layout, str):
        raise TypeError(f"layout must be 'compact' or 'fast', not {layout!r}")
    if layout not in _LAYOUTS:
        raise ValueError(f"layout must be 'compact' or 'fast', not {layout!r}")
    return layout


def _limit(memory_limit: Any) -> int:
    if memory_limit is None:
        return _MEMORY_LIMIT
    try:
        limit = operator.index(memory_limit)
    except TypeError:
        kind = type(memory_limit).__name__
        raise TypeError(f"memory_limit must be an int, not {kind}: {memory_limit!r}") from None
    if limit < 1:
        raise ValueError(f"memory_limit must be at least 1, not {limit}")
    return limit
