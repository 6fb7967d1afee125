"""Keys that a machine accepts: within an edit distance, or of a pattern with wildcards.

A machine reads a key item by item (characters, or bytes as ints). Its states are mappings from an item to the
next state, which are worked out when they are first asked for; None is the state from which nothing is
accepted. A walk over the keys in order keeps the states of the last key's prefixes, so that what two
neighbours share is read once; where the machine fails, it goes on at the next prefix on which it does not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ._order import common, successor

if TYPE_CHECKING:
    from ._trie import Trie

#: So many keys that are below the next one of interest are passed one by one, which is as quick as a search.
_PASSED = 4


class State(dict[Any, "State | None"]):
    """What a machine knows after some items; `after` works out what it knows after one more.

    Only items of `lively` can lead to another state, in order; where that is None, any item can.
    """

    __slots__ = ("_after", "accepts", "lively")

    def __init__(self, accepts: bool, after: Callable[[Any], Self | None], lively: list[Any] | None) -> None:
        super().__init__()
        self.accepts = accepts
        self.lively = lively
        self._after = after

    def __missing__(self, item: Any) -> State | None:
        self[item] = found = self._after(item)
        return found

    def next_after(self, prefix: Any, item: Any) -> Any:
        """Return what comes first after all keys with `prefix` and `item` and may be accepted, or None."""
        if self.lively is None:
            return successor(prefix + _as_key(item))
        place = bisect_right(self.lively, item)
        return prefix + _as_key(self.lively[place]) if place < len(self.lively) else successor(prefix)


def _as_key(item: Any) -> Any:
    return item if isinstance(item, str) else bytes((item,))


def walk(trie: Trie, start: State | None, ranks: range) -> Iterator[Any]:
    """Yield the keys of a range of ranks that the machine accepts, in order."""
    if start is None:
        return
    states = [start]
    previous: Any = trie.key_type()
    wanted: Any = previous
    rank: int | None = ranks.start
    while rank is not None and rank < ranks.stop:
        begin, rank, passed = rank, None, 0
        for at, key in enumerate(trie._iterate(begin, ranks.stop), begin):
            if key < wanted:
                passed += 1
                if passed > _PASSED:
                    rank = max(trie._lower(wanted), at + 1)  # not back, whatever a damaged trie says
                    break
                continue
            depth = common(previous, key, len(states) - 1)
            del states[depth + 1 :]
            for place, item in enumerate(key[depth:], depth):
                state = states[-1][item]
                if state is None:
                    wanted = states[-1].next_after(key[:place], item)
                    passed = 0
                    break
                states.append(state)
            else:
                if states[-1].accepts:
                    yield key
            if wanted is None:
                return
            previous = key


def levenshtein(text: Any, distance: int) -> State | None:
    """Return a machine that accepts what `distance` insertions, deletions and substitutions make of a text.

    A state is a row of the table of edit distances, in which everything above `distance` is the same.
    """
    known: dict[tuple[int, ...], State] = {}
    items = tuple(text)
    letters = frozenset(items)
    alphabet = sorted(letters)

    def state_of(row: tuple[int, ...]) -> State | None:
        if min(row) > distance:
            return None
        if row not in known:
            other = next_row(row, None)  # after an item that is not in the text
            lively = None if min(other) <= distance else [item for item in alphabet if leads_on(row, item)]

            def after(item: Any) -> State | None:
                return state_of(next_row(row, item) if item in letters else other)

            known[row] = State(row[-1] <= distance, after, lively)
        return known[row]

    def leads_on(row: tuple[int, ...], item: Any) -> bool:
        return min(next_row(row, item)) <= distance

    def next_row(row: tuple[int, ...], item: Any) -> tuple[int, ...]:
        made = [min(row[0] + 1, distance + 1)]
        for place, wanted in enumerate(items):
            made.append(min(row[place] + (item != wanted), row[place + 1] + 1, made[place] + 1, distance + 1))
        return tuple(made)

    return state_of(tuple(min(place, distance + 1) for place in range(len(items) + 1)))


class _One(NamedTuple):
    """Stands for one item: which items those are, where they are few; and whether an item is one."""

    items: frozenset[Any] | None
    fits: Callable[[Any], bool]


#: What a pattern is made of; None stands for any number of any items.
_Token = _One | None


def wildcards(pattern: Any) -> tuple[Any, State | None]:
    """Return what a pattern has before its first wildcard, and a machine that accepts what it matches."""
    head, tokens = _parse(pattern)
    known: dict[frozenset[int], State] = {}
    end = len(tokens)

    def closed(places: set[int]) -> frozenset[int]:
        """Add the places that can be reached without reading an item."""
        for place in sorted(places):
            while place < end and tokens[place] is None:
                place += 1
                places.add(place)
        return frozenset(places)

    def state_of(places: frozenset[int]) -> State | None:
        if not places:
            return None
        if places not in known:

            def after(item: Any) -> State | None:
                made = set()
                for place in places - {end}:
                    token = tokens[place]
                    if token is None:
                        made.add(place)
                    elif token.fits(item):
                        made.add(place + 1)
                return state_of(closed(made))

            known[places] = State(end in places, after, lively(places))
        return known[places]

    def lively(places: frozenset[int]) -> list[Any] | None:
        """Return the items that lead on from these places, if they are few."""
        found: set[Any] = set()
        for place in places - {end}:
            token = tokens[place]
            if token is None or token.items is None:
                return None
            found |= token.items
        return sorted(found)

    return head, state_of(closed({0}))


def _parse(pattern: Any) -> tuple[Any, list[_Token]]:
    """Split a pattern as `fnmatch` reads it: ``*``, ``?``, ``[abc]``, ``[a-z]`` and ``[!abc]``."""
    items = pattern if isinstance(pattern, str) else [pattern[i : i + 1] for i in range(len(pattern))]
    star, question, opening, closing, bang = (
        type(pattern)() + mark if isinstance(pattern, str) else mark.encode() for mark in "*?[]!"
    )
    tokens: list[_Token] = []
    head = len(pattern)
    place = 0
    while place < len(items):
        item = items[place]
        begin = place
        place += 1
        if item == star:
            tokens.append(None)
        elif item == question:
            tokens.append(_One(None, lambda _: True))
        elif item == opening and (end := _closing(items, place, closing, bang)):
            tokens.append(_one_of(pattern[place:end], negated=items[place] == bang))
            place = end + 1
        else:
            tokens.append(_is(pattern[begin]))
            continue
        head = min(head, begin)
    return pattern[:head], tokens


def _closing(items: Any, place: int, closing: Any, bang: Any) -> int:
    """Return where the bracket closes that was opened before `place`, or 0: then it is an ordinary item."""
    place += place < len(items) and items[place] == bang
    place += place < len(items) and items[place] == closing  # right at the beginning it stands for itself
    while place < len(items):
        if items[place] == closing:
            return place
        place += 1
    return 0


def _is(wanted: Any) -> _One:
    return _One(frozenset((wanted,)), lambda item: bool(item == wanted))


def _one_of(inside: Any, *, negated: bool) -> _One:
    """Return what stands for one of the items between two brackets."""
    items = list(inside[1:] if negated else inside)
    dash = "-" if isinstance(inside, str) else ord("-")
    single: set[Any] = set()
    spans: list[tuple[Any, Any]] = []
    place = 0
    while place < len(items):
        if place + 2 < len(items) and items[place + 1] == dash:
            spans.append((items[place], items[place + 2]))
            place += 3
        else:
            single.add(items[place])
            place += 1

    def fits(item: Any) -> bool:
        return (item in single or any(low <= item <= high for low, high in spans)) != negated

    return _One(None if negated or spans else frozenset(single), fits)
