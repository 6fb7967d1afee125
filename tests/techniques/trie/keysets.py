"""Keys of every kind, for the tests beside this file."""

from __future__ import annotations

from hypothesis import strategies as st

import perfpy

#: Backends that take any keys; the others are packages with limits of their own.
OWN = ("python", "numpy", "cython", "c")
LAYOUTS = ("compact", "fast")
#: Each backend of perfpy's own in each of its layouts.
FORMS = [(backend, layout) for backend in OWN for layout in (LAYOUTS if backend == "c" else LAYOUTS[:1])]

# Few different characters, so that prefixes are shared; the ends of each length of UTF-8.
_CHARACTERS = st.one_of(
    st.sampled_from("ab"),
    st.sampled_from("\0a\x7f\x80\u07ff\u0800\ud7ff\ud800\udfff\ue000\uffff\U00010000\U0001f350\U0010ffff"),
)
TEXT = st.text(_CHARACTERS, max_size=12)
BYTES = st.binary(max_size=12) | st.lists(st.sampled_from([0, 97, 255]), max_size=12).map(bytes)
KEYS = st.lists(TEXT, max_size=40)
BYTE_KEYS = st.lists(BYTES, max_size=40)


def make(keys, form, **options):
    backend, layout = form
    return perfpy.trie(keys, backend=backend, layout=layout, **options)


def distance(a, b):
    """Return the edit distance by the table that defines it."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j - 1] + (x != y), above[j] + 1, row[j - 1] + 1))
    return row[-1]
