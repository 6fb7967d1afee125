"""Rounds of mutations: inputs that made something new happen are kept, and altered further."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mutations import corrupt, mutate
from structures import FAMILIES, judge, judge_file

CORPUS = Path(__file__).parent / "corpus"
#: The largest input that is kept.
LARGEST_KEPT = 3000


class Campaign:
    """A random walk over the inputs of one loader.

    Parameters
    ----------
    family : Family or TrieFamily
        What is loaded.
    seed : int
        Of the mutations.
    """

    def __init__(self, family: Any, seed: int) -> None:
        self.family = family
        self._sound = family.seeds()
        self.inputs = [*self._sound, *(path.read_bytes() for path in kept(family.name))]
        self.outcomes: set[str] = set()
        self.last = b""
        self._random = random.Random(f"{family.name} {seed}")
        for data in self.inputs:
            self.outcomes.update(self._try(data))

    def step(self) -> bytes | None:
        """Try one mutation; return the input if something new happened."""
        chosen, other = self._random.choice(self.inputs), self._random.choice(self.inputs)
        if self._random.random() < self.family.corrupted:
            self.last = corrupt(self._random, self._random.choice(self._sound))
        else:
            self.last = mutate(self._random, chosen, other)
        new = set(self._try(self.last)) - self.outcomes
        if not new:
            return None
        self.outcomes |= new
        if len(self.last) <= LARGEST_KEPT:
            self.inputs.append(self.last)
        return self.last

    def _try(self, data: bytes) -> Iterator[str]:
        self.last = data
        for verify in (True, False):
            outcome = judge(self.family, data, verify=verify)
            yield outcome
            if self._random.random() < 0.1:
                for backend in self.family.agreeing:
                    if judge(self.family, data, verify=verify, backend=backend) != outcome:
                        raise AssertionError(f"{self.family.name}: {backend} has another opinion than c")
            if self._random.random() < 0.1:
                judge_file(self.family, data, verify=verify)


def kept(name: str) -> list[Path]:
    """Return the files of the corpus of one loader."""
    return sorted((CORPUS / name).glob("*"))


def keep(name: str, data: bytes, folder: Path = CORPUS) -> Path:
    """Write an input to a corpus."""
    path = folder / name / hashlib.sha256(data).hexdigest()[:16]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


__all__ = ["FAMILIES", "Campaign", "keep", "kept"]
