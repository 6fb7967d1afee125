"""Whatever is asked of a trie in whatever order, it says what a sorted list of the keys says."""

from __future__ import annotations

import pickle
import sys
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

# The tests are not a package: a neighbour is found by its path.
sys.path.insert(0, str(Path(__file__).parent))
from keysets import FORMS, KEYS, TEXT, make

sys.path.pop(0)


class Machine(RuleBasedStateMachine):
    """A trie and sorted(set(keys)) side by side; operations of sets change both."""

    form: tuple[str, str]

    @initialize(keys=KEYS)
    def start(self, keys):
        self.one = make(keys, self.form)
        self.keys = sorted(set(keys))
        self.iterators = []

    @rule(keys=KEYS, operation=st.sampled_from(["__and__", "__or__", "__sub__", "__xor__"]))
    def combine(self, keys, operation):
        self.one = getattr(self.one, operation)(make(keys, self.form))
        self.keys = sorted(getattr(set(self.keys), operation)(set(keys)))

    @rule()
    def save(self):
        self.one = pickle.loads(pickle.dumps(self.one))

    @rule(start=st.integers(-50, 50), stop=st.integers(-50, 50))
    def begin(self, start, stop):
        part = slice(start, stop)
        self.iterators.append((iter(self.one[part]), iter(self.keys[part])))

    @precondition(lambda self: self.iterators)
    @rule(which=st.integers(0, 1000), steps=st.integers(1, 10))
    def advance(self, which, steps):
        ours, theirs = self.iterators[which % len(self.iterators)]
        for _ in range(steps):
            assert next(ours, None) == next(theirs, None)

    @rule(text=TEXT)
    def ask(self, text):
        place = bisect_left(self.keys, text)
        assert (text in self.one) == (text in self.keys)
        assert self.one.range(text).ranks.start == place
        assert self.one.prefixes(text) == [key for key in self.keys if text.startswith(key)]
        assert list(self.one.keys(text)) == [key for key in self.keys if key.startswith(text)]

    @invariant()
    def same(self):
        if hasattr(self, "one"):
            assert len(self.one) == len(self.keys)
            assert list(self.one) == self.keys


@pytest.mark.parametrize("form", FORMS, ids="-".join)
def test_machine(form):
    class OfForm(Machine):
        pass

    OfForm.form = form
    case = OfForm.TestCase
    case.settings = settings(max_examples=15, stateful_step_count=12)
    case("runTest").runTest()
