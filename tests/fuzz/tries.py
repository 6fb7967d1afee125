"""Tries to be loaded, and everything that can be read from one, whatever its bytes are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import perfpy

#: Keys that are made of one trie in a row.
MOST_KEYS = 2000
#: Tries of more keys are not searched as a whole: a few bytes can be many millions of keys, rightly.
MOST_SEARCHED = 1000
WORDS = ["", "pear", "peach", "plum", "\0", "é", "\udc80", "\U0001f350", "a" * 300]
NUMBERS = [f"{number * 7919 % 10_007}" for number in range(90)]
ASKED = ("", "pear", "pearl", "é", "a" * 300, "42", "\udc80\x00", "\U0010ffff")


class FoundError(AssertionError):
    """Something that the loaders must not do."""


@dataclass(frozen=True)
class TrieFamily:
    """Tries of one layout, which are loaded as whatever they say they are."""

    layout: str
    #: No other backend reads what one in C does.
    agreeing: ClassVar[tuple[str, ...]] = ()
    #: How many inputs are sound ones with changes in the data: those get past what is looked at first.
    corrupted: ClassVar[float] = 0.6
    kind: ClassVar[Any] = perfpy.Trie

    @property
    def name(self) -> str:
        """What the inputs are called."""
        return f"trie_{self.layout}"

    def seeds(self) -> list[bytes]:
        """Return small tries as bytes: with few keys and many, of str and bytes, with values."""
        texts = (
            [],
            WORDS,
            NUMBERS,
            {word: place - 3 for place, word in enumerate(WORDS)},
            {word: 1 / (place + 1) for place, word in enumerate(NUMBERS[:20])},
            {word: word.encode() for word in NUMBERS[:20]},
        )
        data = ([_bytes(word) for word in WORDS], {_bytes(word): 7 for word in NUMBERS[:9]}, [b"\xff", b"a"])
        how = {"backend": "numpy"} if self.layout == "sorted" else {"layout": self.layout, "backend": "c"}
        return [perfpy.trie(keys, **how).to_bytes() for keys in (*texts, *data)]

    def load(self, data: bytes, *, verify: bool = True, backend: str = "c") -> Any:
        """Load bytes."""
        return perfpy.Trie.from_bytes(data, verify=verify)

    def load_file(self, path: Path, *, verify: bool) -> Any:
        """Load a file, mapped into memory."""
        return perfpy.load_trie(path, verify=verify)

    def use(self, found: Any) -> str:
        """Save a trie and read it."""
        written = found.to_bytes()
        if self.load(written).to_bytes() != written:
            raise FoundError(f"{self.name}: what it saves is not what it is")
        remark = self.read(found)
        keys = found.trie if isinstance(found, perfpy.TrieMap) else found
        if keys.backend == "c" and keys._check():
            return f"sound, {_checked(keys) or remark}"
        if keys.backend == "numpy" and keys is found:
            _compare_with_python(keys, written)
        return remark

    def read(self, found: Any) -> str:
        """Read all that there is, and say whether keys were met that cannot be read."""
        refused = 0
        for read in _reads(found):
            try:
                read()
            except ValueError as error:
                if not _is_refusal(error):
                    raise
                refused += 1
        return "with keys that cannot be read" if refused else ""


def _is_refusal(error: ValueError) -> bool:
    """Say whether an error is what a key may be refused with: it is no text, or cannot be found."""
    return isinstance(error, UnicodeDecodeError) or "this trie is damaged" in str(error)


def _bytes(word: str) -> bytes:
    return word.encode("utf-8", "surrogatepass")


def _reads(found: Any) -> Iterator[Callable[[], object]]:
    """Return functions that read; each may meet keys that cannot be read."""
    keys = found.trie if isinstance(found, perfpy.TrieMap) else found
    asked: list[Any] = list(ASKED) if keys.key_type is str else [_bytes(word) for word in ASKED]
    try:
        asked += islice(keys, 3)
        asked += [keys[-1][:-1], keys[len(keys) // 2] * 2]
    except (ValueError, IndexError) as error:
        if isinstance(error, ValueError) and not _is_refusal(error):
            raise
    star = "*" if keys.key_type is str else b"*"
    for key in asked:
        yield lambda key=key: _look_up(keys, key)
        yield lambda key=key: [keys.floor(key), keys.ceiling(key)]
        yield lambda key=key: _check_prefixes(keys, key)
        yield lambda key=key: _some(keys.keys(key[:1]))
        yield lambda key=key: _some(keys.range(key, asked[-1]))
        if len(keys) <= MOST_SEARCHED:
            yield lambda key=key: _some(keys.within(key[:9], 1))
            yield lambda key=key: _some(keys.match(star + key[1:5]))
    yield lambda: _check_ranks(keys, keys.ranks(asked * 9), asked * 9)
    yield lambda: keys.contains(asked)
    for part in (keys, keys[::-1], keys[len(keys) // 2 :], keys[1 : 2 * MOST_KEYS : 3], reversed(keys)):
        yield lambda part=part: _some(part)
    for rank in {0, len(keys) // 3, len(keys) - 1} & set(range(len(keys))):
        yield lambda rank=rank: keys[rank]
    if len(keys) <= MOST_SEARCHED:
        yield lambda: _some(keys.match(star))
        yield lambda: _some(keys.match(star + asked[1][:1] + star))
        yield lambda: _some(keys.within(asked[1], 3))
        yield lambda: hash(keys)
    yield lambda: [repr(found), found.nbytes, found.stats()]
    if keys is not found:
        yield lambda: [found.value_at(rank) for rank in range(-1, min(len(keys), 100)) if len(keys)]
        yield lambda: [found.get(key) for key in asked]
        yield lambda: found.get_many(asked)
        yield lambda: [found.prefixes(key) for key in asked]
        yield lambda: _some(found.prefixed(asked[0]))
        yield lambda: _some(found.items())


def _some(keys: Any) -> list[Any]:
    return list(islice(keys, MOST_KEYS))


def _look_up(keys: Any, key: Any) -> None:
    _check_ranks(keys, [keys._find(key)], [key])
    if not 0 <= keys._lower(key) <= len(keys):
        raise FoundError(f"{keys!r} has {keys._lower(key)} keys below {key!r}")
    with suppress(KeyError):
        _ = key in keys, keys.count(key), keys.rank(key)


def _check_ranks(keys: Any, ranks: Any, asked: list[Any]) -> None:
    for key, rank in zip(asked, ranks, strict=True):
        if not -1 <= rank < len(keys):
            raise FoundError(f"{keys!r} says that the rank of {key!r} is {rank}")


def _check_prefixes(keys: Any, text: Any) -> None:
    for prefix in (*keys.prefixes(text), keys.longest_prefix(text)):
        if prefix is not None and not text.startswith(prefix):
            raise FoundError(f"{keys!r} says that {text!r} begins with {prefix!r}")


def _checked(keys: Any) -> str:
    """Read a trie that has been found to be sound, so that everything about it must be right."""
    if len(keys) > MOST_SEARCHED:
        return "large"
    try:
        listed = list(keys)
    except UnicodeDecodeError:
        return "with keys that are no text"
    same = listed == sorted(set(listed)) == [keys[rank] for rank in range(len(keys))]
    if not same or keys.ranks(listed).tolist() != list(range(len(keys))):
        raise FoundError(f"{keys!r} is said to be sound, and is not")
    return ""


def _compare_with_python(keys: Any, written: bytes) -> None:
    """Make sure that what the reference takes to be sound is the same for it."""
    kind = perfpy.Trie._technique()["python"]
    try:
        reference = kind.from_bytes(written)
    except ValueError:
        return
    if list(reference) != list(keys) or keys.ranks(list(reference)).tolist() != list(range(len(keys))):
        raise FoundError(f"{keys!r} differs from {reference!r}")
