import numpy as np
import pytest

from perfpy.lab import memory

MIB = 2**20
exact = pytest.mark.skipif(not memory.can_reset(), reason="the peak of a process can be reset on Linux only")


@exact
@pytest.mark.parametrize("size", [16, 64])
def test_peak_sees_an_allocation_that_is_freed(size):
    def call():
        np.ones(size * MIB, np.uint8)
        return size

    for _ in range(3):  # the same when freed memory could be used again
        peak, result = memory.peak_of(call)
        assert result == size
        assert peak == pytest.approx(size * MIB, abs=MIB)


@exact
def test_nothing_allocated_nothing_counted():
    np.ones(32 * MIB, np.uint8)  # an earlier peak does not count
    peak, _ = memory.peak_of(lambda: None)
    assert peak < MIB


def test_without_a_reset_the_rise_of_the_lifetime_peak_is_the_answer(monkeypatch):
    monkeypatch.setattr(memory, "can_reset", lambda: False)
    resident = memory._lifetime_peak()
    peak, _ = memory.peak_of(lambda: np.ones(resident + 64 * MIB, np.uint8).nbytes)
    assert peak >= 60 * MIB
