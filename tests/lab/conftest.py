"""A technique whose table can be added to without a trace."""

from pathlib import Path

import pytest

from perfpy.techniques import find

HERE = str(Path(__file__).parent)


@pytest.fixture
def julia(monkeypatch):
    """What is registered is forgotten; `fake_backends` can be imported here and in a child."""
    technique = find("julia")
    monkeypatch.syspath_prepend(HERE)
    before = dict(technique.table)
    yield technique
    technique.table.clear()
    technique.table.update(before)
    technique.clear()
