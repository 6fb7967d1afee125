"""Simulated workers, against closed forms and bounds that are known."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfpy import lab
from perfpy.lab.scaling_events import by_caller, by_themselves

FREE = lab.Costs()
TAKEN = lab.Costs(taken=True)
PIECES = st.lists(st.floats(0, 10), min_size=1, max_size=40)


class TestSimulation:
    @pytest.mark.parametrize("costs", [FREE, TAKEN])
    @pytest.mark.parametrize(("pieces", "workers"), [(1, 1), (7, 1), (8, 4), (9, 4), (3, 10)])
    def test_equal_pieces_come_in_rounds(self, pieces, workers, costs):
        run = lab.simulate([0.5] * pieces, workers, costs=costs)
        assert run.seconds == pytest.approx(0.5 * -(-pieces // workers))
        assert run.pieces == pieces
        assert run.busy == pytest.approx(0.5 * pieces)

    def test_one_worker_pays_all_costs_but_what_is_hidden(self):
        costs = lab.Costs(overhead=0.01, dispatch=0.02, latency=0.5, start=0.25)
        run = lab.simulate([1.0] * 5, 1, costs=costs)
        # While a worker is starting, or computes, the caller is not what it waits for.
        assert run.seconds == pytest.approx(0.26 + 5 * 1.0 + 4 * 0.01 + 0.25 + 0.01)

    def test_one_thread_pays_all_costs(self):
        costs = lab.Costs(overhead=0.01, dispatch=0.02, latency=0.5, start=0.25, taken=True)
        run = lab.simulate([1.0] * 5, 1, costs=costs)
        assert run.seconds == pytest.approx(0.25 + 0.5 + 5 * 1.0 + 4 * 0.01 + 5 * 0.02)

    @pytest.mark.parametrize("taken", [False, True])
    def test_who_hands_out_is_the_limit(self, taken):
        run = lab.simulate([0.001] * 1000, 64, costs=lab.Costs(dispatch=0.001, taken=taken))
        assert run.seconds == pytest.approx(1.0, rel=0.01)

    def test_a_narrow_window_leaves_workers_idle(self):
        assert lab.simulate([1.0] * 12, 4, window=2).seconds == pytest.approx(6.0)
        assert lab.simulate([1.0] * 12, 4, window=4).seconds == pytest.approx(3.0)

    def test_a_window_of_one_waits_for_every_journey(self):
        costs = lab.Costs(latency=0.2)
        assert lab.simulate([1.0] * 5, 1, window=1, costs=costs).seconds == pytest.approx(5 * 1.2)
        assert lab.simulate([1.0] * 5, 1, window=2, costs=costs).seconds == pytest.approx(5 * 1.0 + 0.2)

    def test_fast_workers_get_more(self):
        run = lab.simulate(10.0, [1.0, 3.0], longest=0.01)
        assert run.seconds == pytest.approx(2.5, rel=0.01)
        share = sum(span.seconds * 3 for span in run.spans if span.worker == 1)
        assert share == pytest.approx(7.5, rel=0.01)

    @given(PIECES, st.integers(1, 9), st.sampled_from([FREE, TAKEN]))
    @settings(max_examples=100, deadline=None)
    def test_bounds_and_monotony(self, pieces, workers, costs):
        """Graham's bounds hold; a worker more never makes it later, a piece more never earlier."""
        run = lab.simulate(pieces, workers, costs=costs)
        assert run.seconds >= max(max(pieces), sum(pieces) / workers) * (1 - 1e-9)
        assert run.seconds <= (sum(pieces) / workers + max(pieces)) * (1 + 1e-9)
        assert lab.simulate(pieces, workers + 1, costs=costs).seconds <= run.seconds * (1 + 1e-9)
        assert lab.simulate([*pieces, 1.0], workers, costs=costs).seconds >= run.seconds * (1 - 1e-9)

    @given(
        PIECES,
        st.lists(st.floats(0.1, 4), min_size=1, max_size=6),
        st.tuples(*[st.floats(0, 1)] * 4),
        st.booleans(),
    )
    @settings(max_examples=100, deadline=None)
    def test_each_piece_once_and_one_at_a_time(self, pieces, speeds, costs, own):
        drawn: list[int] = []
        combined: list[int] = []

        def source():
            for number in range(len(pieces)):
                drawn.append(number)
                assert len(drawn) - len(combined) <= (len(speeds) if own else 2 * len(speeds))
                yield number

        simulation = by_themselves if own else by_caller
        run = simulation(
            source(),
            lambda number: pieces[number],
            lambda number, _: combined.append(number),
            speeds=speeds,
            costs=lab.Costs(*costs),
        )
        assert sorted(combined) == drawn == list(range(len(pieces)))
        for worker in range(len(speeds)):
            spans = sorted(span for span in run.spans if span.worker == worker)
            assert all(one.ended <= other.begun for one, other in itertools.pairwise(spans))
        assert max(span.ended for span in run.spans) <= run.seconds

    def test_chance_is_seeded_and_leaves_the_mean(self):
        uneven = lab.simulate([1.0] * 4000, 3, uneven=0.5, seed=1)
        assert uneven == lab.simulate([1.0] * 4000, 3, uneven=0.5, seed=1)
        assert uneven != lab.simulate([1.0] * 4000, 3, uneven=0.5, seed=2)
        times = [span.seconds for span in uneven.spans]
        assert statistics.fmean(times) == pytest.approx(1.0, abs=0.03)
        assert statistics.stdev(times) == pytest.approx(0.5, abs=0.05)

    def test_stragglers(self):
        run = lab.simulate([1.0] * 4000, 3, stragglers=0.1, delay=5.0, seed=3)
        assert {round(span.seconds, 6) for span in run.spans} == {1.0, 5.0}
        assert run.busy == pytest.approx(4000 * 1.4, rel=0.05)

    def test_a_straggler_at_the_end_is_waited_for_less_when_pieces_shrink(self):
        chance = [{"stragglers": 0.05, "seed": seed} for seed in range(40)]
        shrinking = [lab.simulate(8.0, 8, longest=0.5, **each).seconds for each in chance]
        equal = [lab.simulate([0.5] * 16, 8, **each).seconds for each in chance]
        assert statistics.fmean(shrinking) < 0.7 * statistics.fmean(equal)

    def test_no_work(self):
        for work in (0.0, []):
            run = lab.simulate(work, 3)
            assert (run.seconds, run.pieces, run.efficiency) == (0.0, 0, 1.0)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"workers": 0}, "at least 1 worker"),
            ({"workers": [1.0, 0.0]}, "speed of a worker"),
            ({"work": -1.0}, "work must be"),
            ({"work": [1.0, float("nan")]}, "seconds of a piece"),
            ({"longest": 0.0}, "longest must be"),
            ({"shortest": float("inf")}, "shortest must be"),
            ({"stragglers": 1.5}, "at most 1"),
            ({"window": 0}, "window must be at least 1"),
            ({"window": 3, "costs": TAKEN}, "window must be None"),
        ],
    )
    def test_mistakes(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            lab.simulate(**{"work": 1.0, "workers": 2, **arguments})
        with pytest.raises(ValueError, match="latency must be finite"):
            lab.Costs(latency=-1.0)


class TestSmallestPiece:
    @pytest.mark.parametrize(
        "costs",
        [
            lab.Costs(overhead=1e-3),
            lab.Costs(overhead=1e-4, dispatch=1e-3),
            lab.Costs(overhead=1e-4, dispatch=1e-3, taken=True),
        ],
    )
    @pytest.mark.parametrize("workers", [1, 2, 100])
    def test_it_gives_the_efficiency_asked_for(self, costs, workers):
        piece = costs.smallest_piece(workers, 0.8)
        run = lab.simulate([piece] * 100 * workers, workers, costs=costs)
        # Less than 0.8, as pieces are drawn at the start and combined at the end, and a lock is waited for.
        assert run.efficiency > 0.74
        half = lab.simulate([piece / 2] * 100 * workers, workers, costs=costs)
        assert half.efficiency < 0.8

    def test_mistakes(self):
        for workers, efficiency in [(0, 0.5), (1, 0.0), (1, 1.0)]:
            with pytest.raises(ValueError, match="must be"):
                FREE.smallest_piece(workers, efficiency)
