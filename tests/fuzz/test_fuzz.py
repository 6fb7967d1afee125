"""A bounded pass of the fuzzer of the loaders; ``run.py`` goes on for as long as is wanted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from campaign import FAMILIES, Campaign, kept
from structures import judge, sealed

sys.path.pop(0)

STEPS = 600


@pytest.mark.parametrize("name", FAMILIES)
def test_altered_files_load_or_are_refused(name):
    """The corpus, and mutations that are the same each time."""
    campaign = Campaign(FAMILIES[name], seed=2026)
    for _ in range(STEPS):
        campaign.step()
    assert "loaded" in campaign.outcomes
    assert len(campaign.outcomes) >= 8


@pytest.mark.parametrize("name", FAMILIES)
def test_every_input_of_the_corpus_is_still_of_use(name):
    assert kept(name)
    for path in kept(name):
        for verify in (True, False):
            judge(FAMILIES[name], path.read_bytes(), verify=verify)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("text", [b"[" * 2000, b"[" * 500_000, b'{"a":' * 100_000, b'{"kind": %r}'])
def test_what_is_nested_is_refused(name, text):
    """Deeper than what Python reads, and deeper than what it can show."""
    family = FAMILIES[name]
    kind = family.kind.kind.encode()
    nested = b'{"kind": "' + kind + b'", "seed": ' + b"[" * 900 + b"]" * 900 + b"}"
    for words in (text, nested):
        assert "damaged" in judge(family, sealed(words, b""), verify=True)
