"""Keys that a machine accepts: within an edit distance, or of a pattern with wildcards.

A machine reads a key item by item (characters, or bytes as ints). Its states are mappings from an item to the
next state, which are worked out when they are first asked for; None is the state from which nothing is
accepted. A walk over the keys in order keeps the states of the last key's prefixes, so that what two
neighbours share is read once, and goes past all keys with a prefix on which the machine fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from ._order import common, successor

if TYPE_CHECKING:
    from ._trie import Trie

#: So many keys with a prefix that fails are passed one by one, which takes as long as looking for the next.
_PASSED = 16


class State(dict[Any, "State | None"]):
    """What a machine knows after some items; `after` works out what it knows after one more."""

    __slots__ = ("_after", "accepts")

    def __init__(self, accepts: bool, after: Callable[[Any], Self | None]) -> None:
        super().__init__()
        self.accepts = accepts
        self._after = after

    def __missing__(self, item: Any) -> State | None:
        self[item] = found = self._after(item)
        return found


def walk(trie: Trie, start: State | None, ranks: range) -> Iterator[Any]:
    """Yield the keys of a range of ranks that the machine accepts, in order."""
    states = [start]
    previous = trie.key_type()
    stop = ranks.stop
    keys = trie._iterate(ranks.start, stop)
    passed = 0
    while start is not None:
        for key in keys:
            depth = common(previous, key, len(states) - 1)
            del states[depth + 1 :]
            state = states[-1]
            if state is None:  # the key begins with what failed
                passed += 1
                if passed > _PASSED:
                    break
                continue
            passed = 0
            for item in key[depth:]:
                state = state[item]
                states.append(state)
                if state is None:
                    break
            else:
                if state.accepts:
                    yield key
            previous = key
        else:
            return
        after = successor(previous[: len(states) - 1])
        rank = stop if after is None else trie._lower(after)
        keys, passed = trie._iterate(min(rank, stop), stop), 0


def levenshtein(text: Any, distance: int) -> State | None:
    """Return a machine that accepts what `distance` insertions, deletions and substitutions make of a text.

    A state is a row of the table of edit distances, in which everything above `distance` is the same.
    """
    known: dict[tuple[int, ...], State] = {}
    items = tuple(text)
    alphabet = frozenset(items)

    def state_of(row: tuple[int, ...]) -> State | None:
        if min(row) > distance:
            return None
        if row not in known:
            others: list[State | None] = []  # where an item leads that is not in the text

            def after(item: Any) -> State | None:
                if item in alphabet:
                    return state_of(next_row(row, item))
                if not others:
                    others.append(state_of(next_row(row, item)))
                return others[0]

            known[row] = State(row[-1] <= distance, after)
        return known[row]

    def next_row(row: tuple[int, ...], item: Any) -> tuple[int, ...]:
        made = [min(row[0] + 1, distance + 1)]
        for place, wanted in enumerate(items):
            made.append(min(row[place] + (item != wanted), row[place + 1] + 1, made[place] + 1, distance + 1))
        return tuple(made)

    return state_of(tuple(min(place, distance + 1) for place in range(len(items) + 1)))


#: One item of a pattern: None for any number of any items, else whether an item fits.
_Token = Callable[[Any], bool] | None


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
                    fits = tokens[place]
                    if fits is None:
                        made.add(place)
                    elif fits(item):
                        made.add(place + 1)
                return state_of(closed(made))

            known[places] = State(end in places, after)
        return known[places]

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
            tokens.append(lambda _: True)
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


def _is(wanted: Any) -> Callable[[Any], bool]:
    return lambda item: bool(item == wanted)


def _one_of(inside: Any, *, negated: bool) -> Callable[[Any], bool]:
    """Return whether an item is one of those between two brackets."""
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
    return lambda item: (item in single or any(low <= item <= high for low, high in spans)) != negated
