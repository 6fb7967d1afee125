"""What the C extension makes of bytes: text of every width, keys made ahead, bytes that are no text."""

from __future__ import annotations

import gc
import itertools
import random
import sys
import tracemalloc

import pytest

import perfpy
from perfpy._ext.trie import _c

LAYOUTS = ["compact", "fast"]
layouts = pytest.mark.parametrize("layout", LAYOUTS)

#: What is no text, or text written longer than it need be.
NO_TEXT = [
    b"\xff",
    b"\x80ab",
    b"ab\xc3",
    b"a\xc0\x80",
    b"\xe0\x80\x80a",
    b"\xf4\x90\x80\x80b",
    b"\xf0\x80\x80\x80",
]


def make(keys, layout):
    return perfpy.trie(keys, layout=layout, backend="c")


def read_as_text(keys, layout):
    """Return a trie that takes bytes for text."""
    return _c.Trie(make(keys, layout)._memory, layout, True)


def texts(count):
    """Return texts of all lengths, in which characters of one to four bytes are mixed."""
    draw = random.Random(9)
    ends = (0x80, 0x100, 0x800, 0x10000, 0x110000)
    return {
        "".join(chr(draw.randrange(draw.choice(ends[: draw.randrange(1, 6)]))) for _ in range(length % 40))
        for length in range(count)
    }


@layouts
def test_text_of_every_width_comes_back_in_its_own(layout):
    keys = texts(4000)
    for found, wanted in zip(make(keys, layout), sorted(keys), strict=True):
        assert found == wanted
        assert sys.getsizeof(found) == sys.getsizeof("".join(wanted))
        assert (found.isascii(), hash(found)) == (wanted.isascii(), hash(wanted))


@layouts
@pytest.mark.parametrize("bad", NO_TEXT, ids=bytes.hex)
def test_what_is_no_text_is_refused_as_python_does(layout, bad):
    with pytest.raises(UnicodeDecodeError) as wanted:
        bad.decode("utf-8", "surrogatepass")
    one = read_as_text([bad], layout)
    for read in (list, lambda keys: keys[0]):
        with pytest.raises(UnicodeDecodeError, match="utf-8") as found:
            read(one)
        assert found.value.args == wanted.value.args


@layouts
def test_keys_before_one_that_is_no_text_come_first(layout):
    keys = iter(read_as_text([b"%02d" % number for number in range(20)] + [b"19\xff", b"20"], layout))
    assert list(itertools.islice(keys, 20)) == [f"{number:02}" for number in range(20)]
    with pytest.raises(UnicodeDecodeError):
        next(keys)
    assert list(keys) == []


@layouts
def test_every_part_of_the_keys(layout):
    keys = [f"{number:05}" for number in range(300)]
    one = make(keys, layout)
    for start in range(0, 300, 7):
        for length in (0, 1, 2, 3, 63, 64, 65, 127, 200):
            part = one[start : start + length]
            assert list(part) == keys[start : start + length]
            iterator = iter(part)
            for left in range(len(part), 0, -1):
                assert iterator.__length_hint__() == left
                next(iterator)


@layouts
def test_an_iterator_that_is_left_keeps_nothing(layout):
    one = make([f"{number:05}" for number in range(1000)], layout)
    counts = []
    for _ in range(3):
        for taken in (0, 1, 5, 100):
            assert len(list(itertools.islice(iter(one), taken))) == taken
        gc.collect()
        counts.append(sys.getallocatedblocks())
    assert counts[-1] - counts[1] < 20


@layouts
def test_few_long_keys_are_made_ahead(layout):
    one = make([b"%03d" % number + bytes(2**20) for number in range(40)], layout)
    tracemalloc.start()
    for _ in itertools.islice(one, 30):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 2**20
