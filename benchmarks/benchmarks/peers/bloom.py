"""Bloom filters of other packages, in the way that costs them least, all at an error rate of 1 %.

abloom and rbloom take the hashes that Python keeps with each str, so that keys that were hashed before cost
them less; `lines` are keys that were not.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

ERROR_RATE = 0.01


@cache
def integers(count):
    """Return random integers, even ones."""
    return np.random.default_rng(2025).integers(0, 2**61, count) * 2


@cache
def strings(count):
    """Return different strings of about 15 characters."""
    return [f"word {number * 7919}" for number in range(count)]


@cache
def text(count):
    """Return the strings as one text of so many lines."""
    return "\n".join(strings(count))


def lines(count):
    """Return new strings, which nobody has hashed yet."""
    return text(count).split("\n")


def abloom_filter(capacity):
    """Return an empty filter of abloom."""
    import abloom

    return abloom.BloomFilter(capacity, ERROR_RATE)


def rbloom_filter(capacity):
    """Return an empty filter of rbloom."""
    from rbloom import Bloom

    return Bloom(capacity, ERROR_RATE)


def zpds_filter(capacity):
    """Return an empty filter of zpds."""
    from zpds import BloomFilter

    return BloomFilter(capacity, ERROR_RATE)


def filled(make, keys):
    """Return a filter with keys, taken in as a batch."""
    made = make(len(keys))
    take = made.add_many if hasattr(made, "add_many") else made.update
    take(keys)
    return made


def add_singly(make, keys):
    """Return a filter with keys, added one by one."""
    made = make(len(keys))
    for key in keys:
        made.add(key)
    return made


def find_singly(one, keys):
    """Look keys up one by one, and return how many are there."""
    count = 0
    for key in keys:
        if key in one:
            count += 1
    return count


def prepared(fill, make, keys):
    """Return a call that makes a filter with keys; an `ImportError` where the package is missing."""
    make(1)
    return partial(fill, make, keys)


#: What is timed, by name.
CALLS = {
    "zpds: add 10**6 int64, array": lambda: prepared(filled, zpds_filter, integers(10**6)),
    "abloom: add 10**6 str, list": lambda: prepared(filled, abloom_filter, strings(10**6)),
    "rbloom: add 10**6 str, list": lambda: prepared(filled, rbloom_filter, strings(10**6)),
    "abloom: add 10**6 str, one by one": lambda: prepared(add_singly, abloom_filter, strings(10**6)),
    "rbloom: add 10**6 str, one by one": lambda: prepared(add_singly, rbloom_filter, strings(10**6)),
}
