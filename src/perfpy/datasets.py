"""Real strings that are on most machines, and made-up ones where they are not: nothing is ever downloaded.

What is found is the same list, sorted and without duplicates, as long as the files of the machine are the
same; what is made up depends on its seed only.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

__all__ = ["made_up_word", "packages", "paths", "tokens", "words", "zipf_words"]

_WORD_LISTS = (Path("/usr/share/dict"), Path("/usr/dict"))
_DPKG = Path("/var/lib/dpkg/info")
_FALLBACK = 200_000  # made-up words where there is no word list
_ONSETS = ("b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "é")


def words() -> list[str]:
    """Return the words of all word lists below ``/usr/share/dict``; 200,000 made-up ones where there is none.

    Debian has word lists in packages such as ``wamerican``, ``wbritish-huge`` and ``wngerman``.

    Examples
    --------
    >>> from perfpy import datasets
    >>> found = datasets.words()
    >>> len(found) > 10_000, found == sorted(set(found))
    (True, True)
    """
    lists = {path.resolve() for folder in _WORD_LISTS if folder.is_dir() for path in folder.iterdir()}
    files = [path for path in lists if path.is_file() and not path.name.startswith("README")]
    lines = (line for path in files for line in path.read_bytes().splitlines())
    found = {line.decode("utf-8", "replace") for line in lines if line}
    return sorted(found or map(made_up_word, range(_FALLBACK)))


def tokens() -> list[str]:
    """Return the tokens of all languages that the package ``wordfreq`` knows, some millions.

    Raises
    ------
    ImportError
        If it is not installed.

    Examples
    --------
    >>> from perfpy import datasets
    >>> len(datasets.tokens())  # doctest: +SKIP
    4015432
    """
    if importlib.util.find_spec("wordfreq") is None:
        raise ImportError("the tokens are those of wordfreq, which is not installed: pip install wordfreq")
    import wordfreq

    languages = wordfreq.available_languages("best")
    return sorted({token for language in languages for token in wordfreq.iter_wordlist(language, "best")})


def paths(most: int | None = None) -> list[str]:
    """Return paths of files of the operating system and of this Python.

    Parameters
    ----------
    most : int, optional
        How many at most, the first in the order in which folders are read.

    Examples
    --------
    >>> from perfpy import datasets
    >>> found = datasets.paths(1000)
    >>> len(found), found == sorted(found)
    (1000, True)
    """
    found: set[str] = set()
    for top in dict.fromkeys(("/usr", sys.base_prefix, sys.prefix)):
        for folder, folders, files in os.walk(top):
            folders.sort()
            found.update(os.path.join(folder, name) for name in sorted(files))  # noqa: PTH118  # many of them
            if most is not None and len(found) >= most:
                return sorted(found)[:most]
    return sorted(found)


def packages() -> list[str]:
    """Return the names of the packages that are installed here, of Python and of Debian.

    Examples
    --------
    >>> from perfpy import datasets
    >>> "numpy" in datasets.packages()
    True
    """
    names: Iterable[str] = (distribution.name for distribution in importlib.metadata.distributions())
    system = (path.stem.partition(":")[0] for path in _DPKG.glob("*.list"))
    return sorted({*names, *system})


def zipf_words(count: int, seed: int = 2025) -> list[str]:
    """Make words up, each as often as a language would have it: a few all the time, most of them once.

    Parameters
    ----------
    count : int
        How many words, duplicates included.
    seed : int, default: 2025
        Which of them are drawn.

    Examples
    --------
    >>> from perfpy import datasets
    >>> datasets.zipf_words(5)
    ['kamusuvoka', 'damarari', 'pai', 'la', 'da']
    >>> len(set(datasets.zipf_words(100_000)))
    13448
    """
    ranks = np.random.default_rng(seed).zipf(1.25, count) - 1
    return [made_up_word(rank) for rank in ranks.tolist()]


def made_up_word(rank: int) -> str:
    """Return the word of a rank, from 0 on: the more frequent, the shorter; no two are the same.

    Examples
    --------
    >>> from perfpy import datasets
    >>> [datasets.made_up_word(rank) for rank in (0, 1, 111, 112, 10**6)]
    ['ba', 'da', 'tré', 'baba', 'stutrubu']
    """
    syllables = []
    rank += 1
    while rank:
        rank, place = divmod(rank - 1, len(_ONSETS) * len(_VOWELS))
        syllables.append(_ONSETS[place % len(_ONSETS)] + _VOWELS[place // len(_ONSETS)])
    return "".join(reversed(syllables))
