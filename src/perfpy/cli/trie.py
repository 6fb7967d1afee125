"""``perfpy trie``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._shared import FILE, check_writable, clean_end, short_errors, standard_input, writing

if TYPE_CHECKING:
    from perfpy import Trie

_BLOCK = 1 << 14  # keys written at a time

_words = click.argument("trie_file", type=FILE, metavar="TRIE")


@click.group()
def trie() -> None:
    """Keep the lines of files as an ordered set of a few bytes each, and search it."""


@trie.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="[WORDS ...]")
@click.option("-o", "--output", type=FILE, required=True, help="Where the trie is written.")
@click.option("--layout", type=click.Choice(["compact", "fast"]), default="compact", show_default=True)
@click.option("--bytes", "as_bytes", is_flag=True, help="Take lines as bytes, not as UTF-8.")
def build(files: Sequence[Path], output: Path, layout: str, as_bytes: bool) -> None:
    """Make a trie of the lines of files; without a file, or for -, of those of standard input.

    Files whose names end in .gz, .bz2 or .xz are unpacked. Empty lines are left out.
    """
    import perfpy
    from perfpy import _lines

    with clean_end(), short_errors():
        check_writable(output)
        encoding = None if as_bytes else "utf-8"
        sources = [standard_input(file) or file for file in files or (Path("-"),)]
        batches = chain.from_iterable(_lines.batches(source, encoding) for source in sources)
        keys = filter(None, chain.from_iterable(batches))
        perfpy.trie(keys, layout=layout).save(output)


@trie.command()
@_words
@click.argument("keys", nargs=-1)
def query(trie_file: Path, keys: Sequence[str]) -> None:
    """Write those of the KEYS that are in a trie, each after its rank.

    Without KEYS, they are the lines of standard input. The exit status is 1 if no key was written.
    """
    from perfpy import _lines

    written = False
    with clean_end(), short_errors():
        words = _loaded(trie_file)
        encoding = "utf-8" if words.key_type is str else None
        batches = [[_key(words, key) for key in keys]] if keys else _lines.batches(sys.stdin.buffer, encoding)
        with writing() as write:
            for batch in batches:
                ranks = words.ranks(batch).tolist()
                found = [(rank, key) for rank, key in zip(ranks, batch, strict=True) if rank >= 0]
                write(b"".join(b"%d\t%s\n" % (rank, _bytes(key)) for rank, key in found))
                sys.stdout.buffer.flush()  # somebody may be waiting for it
                written |= bool(found)
    sys.exit(0 if written else 1)


@trie.command()
@_words
@click.argument("prefix", default="")
def prefix(trie_file: Path, prefix: str) -> None:
    """Write the keys that begin with PREFIX, in order; all keys without one."""
    with clean_end(), short_errors():
        words = _loaded(trie_file)
        _write(words.keys(_key(words, prefix)))


@trie.command()
@_words
@click.argument("text")
@click.option("--distance", default=1, show_default=True, help="The most edits, each of one character.")
def near(trie_file: Path, text: str, distance: int) -> None:
    """Write the keys that few insertions, deletions and replacements make of TEXT, in order."""
    with clean_end(), short_errors():
        words = _loaded(trie_file)
        _write(words.within(_key(words, text), distance))


@trie.command()
@_words
@click.argument("pattern")
def match(trie_file: Path, pattern: str) -> None:
    """Write the keys that match a PATTERN with the wildcards ?, * and [a-z], in order."""
    with clean_end(), short_errors():
        words = _loaded(trie_file)
        _write(words.match(_key(words, pattern)))


def _loaded(file: Path) -> Trie:
    """Return the keys that a file holds."""
    import perfpy

    found = perfpy.load_trie(file)
    return found.trie if isinstance(found, perfpy.TrieMap) else found


def _key(words: Trie, argument: str) -> Any:
    """Return an argument of the command line as a key."""
    return argument if words.key_type is str else argument.encode("utf-8", "surrogateescape")


def _bytes(key: Any) -> bytes:
    return key if isinstance(key, bytes) else key.encode("utf-8", "surrogatepass")


def _write(keys: Iterable[Any]) -> None:
    """Write keys, one per line; the exit status is 1 if there are none."""
    written = False
    with writing() as write:
        lines: list[bytes] = []
        for key in keys:
            lines.append(_bytes(key) + b"\n")
            if len(lines) == _BLOCK:
                write(b"".join(lines))
                lines = []
                written = True
        write(b"".join(lines))
        written |= bool(lines)
    sys.exit(0 if written else 1)
