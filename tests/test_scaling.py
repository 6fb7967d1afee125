"""The model of how techniques scale, against made-up calls and rehearsals."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import perfpy
from perfpy import executors, lab
from perfpy.cli import command
from perfpy.executors import Engine, Reach
from perfpy.executors._engine import Here
from perfpy.lab.scaling_model import fit, resampled
from perfpy.lab.scaling_rehearsal import rehearse
from perfpy.lab.scaling_run import last
from perfpy.lab.scaling_trace import sample

FREE = lab.Costs()


def ignore(*_: object) -> None:
    """Combine nothing."""


def made_up(
    workers, asked, pieces, *, noise=0.0, random=None, work=2.0, outside=0.1, each=0.001, slowdown=1.0
):
    """Return a call as it would have been watched."""
    blur = 1.0 if random is None else 1.0 + noise * random.standard_normal()
    total = (work + each * pieces) * slowdown * blur
    return lab.Sample(
        workers=workers,
        asked=asked,
        seconds=outside + total / workers,
        outside=outside * blur,
        work=total,
        jobs=1,
        pieces=pieces,
        longest=asked,
        latency=0.004,
        dispatch=0.0002,
        overhead=0.0003,
    )


def fitted(samples):
    return fit(samples, longest=0.05, shortest=0.001, taken=False, probe=made_up(1, 0.05, 12))


class TestModel:
    def test_it_recovers_what_calls_were_made_of(self):
        model = fitted(
            [
                made_up(workers, asked, pieces, slowdown=1.0 if workers == 1 else 1.2, outside=0.1 * workers)
                for workers in (1, 2)
                for asked, pieces in ((0.05, 40), (0.0125, 160))
                for _ in range(3)
            ]
        )
        assert model.work == pytest.approx(2.0)
        assert model.per_piece == pytest.approx(0.001)
        assert model.serial == pytest.approx(0.1)
        assert model.per_worker == pytest.approx(0.1)
        assert model.slowdown == pytest.approx({1: 1.0, 2: 1.2})
        assert model.slowdown_on(64) == pytest.approx(1.2)
        assert model.costs == lab.Costs(overhead=0.0003, dispatch=0.0002, latency=0.004)

    def test_noise_is_not_taken_for_a_cost_of_pieces(self):
        random = np.random.default_rng(5)
        calls = [
            made_up(1, asked, pieces, noise=0.01, random=random, each=0.0)
            for asked, pieces in ((0.05, 40), (0.0125, 160))
            for _ in range(5)
        ]
        model = fitted(calls)
        assert model.per_piece < 1e-3
        assert model.work == pytest.approx(2.0, rel=0.02)

    def test_it_predicts_what_the_simulation_does(self):
        model = fitted([made_up(1, 0.05, 40, each=0.0) for _ in range(3)])
        for workers in (1, 2, 8, 32):
            run = lab.simulate(model.work, workers, costs=model.costs, longest=0.05, shortest=0.001)
            assert model.seconds(workers) == pytest.approx(model.serial + run.seconds, rel=0.05)

    def test_amdahl(self):
        call = made_up(1, 0.05, 40, each=0.0)
        model = fitted([call] * 3)
        limit = model.serial + model.costs.latency
        assert model.serial_fraction == pytest.approx(limit / (limit + model.work))
        # Beyond some number of workers handing out is what takes long.
        assert all(limit < model.seconds(workers) for workers in (1, 10, 100, 1000))
        assert model.seconds(1) > model.seconds(10)

    @given(st.floats(1e-4, 1e3), st.floats(0, 10), st.integers(1, 50))
    @settings(max_examples=20, deadline=None)
    def test_free_pieces_gain_from_every_worker(self, work, serial, workers):
        model = lab.Model(work, serial, 0.0, 0.0, FREE, 1.0, {1: 1.0}, longest=0.05, shortest=0.0)
        # The wait for the last piece is known to within one of them.
        assert model.seconds(workers) >= (serial + work / workers) * (1 - 1e-9)
        assert model.seconds(workers) <= serial + work / workers * 1.1 + 0.05
        assert model.seconds(2 * workers) <= model.seconds(workers) * 1.02

    def test_what_is_not_divided_is_serial(self):
        calls = [
            lab.Sample(workers, 0.05, 1.0, 1.0, 0.0, 0, 0, 0.0, 0.0, 0.0, None) for workers in (1, 2) * 3
        ]
        model = fitted(calls)
        assert [model.seconds(workers) for workers in (1, 2, 64)] == [1.0] * 3
        assert model.serial_fraction == 1.0

    def test_mistakes(self):
        with pytest.raises(ValueError, match="one worker"):
            fitted([made_up(2, 0.05, 40)])
        with pytest.raises(ValueError, match="at least 1"):
            fitted([made_up(1, 0.05, 40)]).seconds(0)

    def test_resampling_keeps_as_many_of_each_kind(self):
        calls = [
            made_up(workers, asked, 40) for workers in (1, 2) for asked in (0.05, 0.01) for _ in range(4)
        ]
        drawn = resampled(calls, np.random.default_rng(6))
        kinds = [(call.workers, call.asked) for call in drawn]
        assert len(kinds) == 16
        assert all(kinds.count(kind) == 4 for kind in set(kinds))


class TestWatching:
    @pytest.mark.parametrize("spec", ["threads:1", "threads:2", "processes:2"])
    def test_a_call_is_seen_whole(self, spec):
        def call(engine):
            for _ in range(2):
                executors.run(engine, last, (0.002,), range(10), ignore)

        with executors.fresh(spec) as engine:
            seen = sample(engine, call)
        assert (seen.workers, seen.jobs, seen.pieces) == (int(spec[-1]), 2, 20)
        assert seen.work >= 20 * 0.002
        assert seen.longest >= 0.002
        assert seen.seconds >= seen.work / seen.workers
        assert 0 <= seen.outside <= seen.seconds
        assert min(seen.latency, seen.dispatch, seen.overhead or 0.0) >= 0

    @pytest.mark.parametrize("spec", ["threads:2", "processes:2"])
    def test_sketches_can_be_watched_and_rehearsed(self, spec):
        """Their empty structure is sent once, not with each piece."""
        keys = np.arange(300_000)
        found = []
        with executors.fresh(spec) as engine:
            assert sample(engine, lambda e: found.append(perfpy.hyperloglog(keys, executor=e))).pieces > 1
            rehearse(
                engine,
                lambda e: found.append(perfpy.hyperloglog(keys, executor=e)),
                workers=3,
                costs=FREE,
                slowdown=1.0,
            )
        assert found == [perfpy.hyperloglog(keys)] * 2

    def test_what_raises_raises(self):
        def call(engine):
            executors.run(engine, last, ("no number",), range(10), ignore)

        with pytest.raises(TypeError):
            sample(executors.engine("threads:2"), call)

    @pytest.mark.parametrize("reach", Reach)
    @pytest.mark.parametrize("workers", [1, 7])
    def test_a_rehearsal_gives_the_answers(self, reach, workers):
        found = []
        engine = Engine(Here(), 1, reach, longest=0.005)

        def call(stage):
            assert stage.workers == workers
            found.append(perfpy.julia(300, 200, executor=stage))
            found.append(perfpy.primes(10**6, 10**7, executor=stage))
            found.append(perfpy.estimate_pi(10**6, seed=1, executor=stage).inside)

        seconds = rehearse(engine, call, workers=workers, costs=lab.Costs(latency=100.0), slowdown=1.0)
        assert seconds >= 300.0
        expected = perfpy.julia(300, 200), perfpy.primes(10**6, 10**7), perfpy.estimate_pi(10**6, seed=1)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
        assert found[2] == expected[2].inside

    def test_a_rehearsal_divides_by_the_workers(self):
        engine = Engine(Here(), 1, Reach.MEMORY)

        def call(stage):
            executors.run(stage, last, (0.001,), range(40), ignore)

        alone, four = (
            rehearse(engine, call, workers=workers, costs=FREE, slowdown=1000.0) for workers in (1, 4)
        )
        assert four >= 10 * 0.001 * 1000
        assert alone >= 40 * 0.001 * 1000


@pytest.fixture(scope="module")
def found():
    return lab.scaling("estimate_pi", executor="threads", workload="tiny", predict=(8,), rounds=3)


class TestScaling:
    def test_what_it_finds(self, found):
        assert found.workers == (1, 2)
        assert len(found.alone) == 3
        assert len(found.samples) == 3 * 2 * 2
        assert set(found.rehearsed) == {1, 2, 8}
        assert found.measured(2) > 0
        assert found.measured(8) is None
        low, high = found.interval(8)
        assert 0 < low <= high
        assert found.efficiency(8) == pytest.approx(found.speedup(8) / 8)
        assert found.smallest_piece(8, 0.5) < found.smallest_piece(8, 0.9)

    def test_json_and_back(self, found):
        again = lab.Scaling.from_json(found.to_json())
        assert again == found
        assert again.seconds(8) == found.seconds(8)
        content = json.loads(found.to_json())
        content["schema"] = 0
        with pytest.raises(ValueError, match="schema"):
            lab.Scaling.from_dict(content)

    def test_it_prints_a_row_for_each_number_of_workers(self, found):
        lines = str(found).splitlines()
        assert lines[0].startswith("estimate_pi · tiny · threads")
        assert [line.split()[0] for line in lines[3:6]] == ["1", "2", "8"]
        assert all(" to " in line for line in lines[3:6])
        once = dataclasses.replace(found, alone=found.alone[:1])
        assert " to " not in str(once).splitlines()[3]

    def test_plot(self, found, tmp_path):
        pytest.importorskip("matplotlib")
        found.plot(tmp_path / "made.png")
        assert (tmp_path / "made.png").read_bytes().startswith(b"\x89PNG")
        with pytest.raises(ValueError, match="cannot draw"):
            found.plot(tmp_path / "made.txt")

    def test_what_a_technique_does_not_divide_does_not_scale(self):
        alone = lab.scaling(
            "diffuse", executor="threads", workload="tiny", backend="python", predict=(), rounds=1
        )
        assert alone.seconds(64) == alone.model.serial

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"executor": "threads:2"}, "without a number"),
            ({"executor": "mpi"}, "must be one of"),
            ({"workers": (2,)}, "1 among them"),
            ({"predict": (0,)}, "from 1 on"),
            ({"rounds": 0}, "at least 1"),
            ({"technique": "trie", "workload": "large"}, "does not divide"),
            ({"technique": "tri"}, "unknown technique"),
            ({"workload": "huge"}, "unknown workload"),
        ],
    )
    def test_mistakes(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            lab.scaling(**{"technique": "julia", "executor": "threads", "workload": "tiny", **arguments})


class TestCommand:
    def test_it_writes_what_it_found(self, tmp_path):
        pytest.importorskip("matplotlib")
        files = [str(tmp_path / name) for name in ("made.json", "made.png")]
        options = ["--executor", "threads", "--workload", "tiny", "--rounds", "1", "--predict", "3"]
        ended = CliRunner().invoke(
            command, ["scaling", "julia", *options, "--json", files[0], "--png", files[1]]
        )
        assert ended.exit_code == 0, ended.output
        assert "smallest piece" in ended.output
        assert lab.Scaling.from_json((tmp_path / "made.json").read_text()).predict == (3,)
        assert (tmp_path / "made.png").exists()

    @pytest.mark.parametrize(
        "arguments", [["julia", "--executor", "mpi"], ["trie"], ["julia", "--workers", "1,x"]]
    )
    def test_mistakes_are_one_message(self, arguments):
        ended = CliRunner().invoke(command, ["scaling", *arguments])
        assert ended.exit_code == 2
        assert "Traceback" not in ended.output
