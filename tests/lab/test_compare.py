"""`perfpy.compare` with real processes: what is right is timed, what is wrong becomes a row that says so."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import perfpy
from perfpy._dispatch import Backend
from perfpy.lab import Comparison, Verdict
from perfpy.lab.run import Progress

MIB = 2**20


def compare(*names, **options):
    options = {"workload": "tiny", "rounds": 3, "timeout": 30.0, **options}
    return perfpy.compare("julia", backends=names, **options)


def add(julia, *names):
    for name in names:
        julia.register(Backend(name, f"fake_backends:{name}"))


@pytest.mark.alone
def test_own_backends_are_equal_and_timed():
    comparison = compare("numpy", "c")
    assert comparison.ok
    assert [row.name for row in comparison.rows] == ["python", "numpy", "c"]
    assert [row.verdict for row in comparison.rows] == [Verdict.REFERENCE, Verdict.EQUAL, Verdict.EQUAL]
    assert comparison.reference == "python"
    for row in comparison.rows:
        assert row.timing.rounds == 3
        assert 0 < row.timing.minimum <= row.timing.median
        assert row.import_seconds > 0
        assert 0 < row.first_seconds < 30
        assert row.largest_difference == 0
        assert row.lines > 5
        assert row.version == (np.__version__ if row.name == "numpy" else perfpy.__version__)
    assert comparison["c"].isa == {row.name: row.isa for row in perfpy.backends("julia")}["c"] != ""
    assert comparison["c"].speedup == pytest.approx(
        comparison["python"].timing.median / comparison["c"].timing.median
    )
    assert comparison["c"].speedup > 2
    assert list(comparison) == list(comparison.rows)
    assert comparison["python"].rank == 3
    with pytest.raises(KeyError):
        comparison["numba"]


def test_header_describes_the_machine():
    machine = compare("python").machine
    assert machine.cpu
    assert machine.cores >= 1
    assert machine.memory_bytes > 256 * MIB
    assert set(machine.versions) == {"perfpy", "numpy"}
    assert machine.python.startswith("CPython")
    assert "baseline" in machine.isas


@pytest.mark.parametrize(
    ("name", "verdict", "detail"),
    [
        ("segfault", Verdict.CRASHED, "killed by SIGSEGV (first call)"),
        ("leave", Verdict.CRASHED, "ended with exit status 3 and no answer (first call)"),
        ("raises", Verdict.RAISED, "RuntimeError in first call: <b>no</b> luck | at *all*"),
        ("wrong", Verdict.DIFFERS, "most at (3, 4)"),
        ("wrong_later", Verdict.DIFFERS, "most at (0, 0)"),
        ("mutates", Verdict.MUTATES, "the call changed its input"),
        ("no_such_kernel", Verdict.RAISED, "AttributeError"),
    ],
)
def test_what_goes_wrong_is_a_row(julia, name, verdict, detail):
    add(julia, name)
    comparison = compare(name)
    row = comparison[name]
    assert (row.verdict, row.timing, row.rank, row.speedup) == (verdict, None, None, None)
    assert detail in row.detail
    assert not comparison.ok
    assert comparison["python"].verdict is Verdict.REFERENCE


def test_the_largest_difference_is_shown(julia):
    add(julia, "wrong")
    assert compare("wrong")["wrong"].largest_difference == 7


@pytest.mark.alone
def test_what_hangs_is_killed(julia):
    add(julia, "hang")
    comparison = compare("hang", timeout=1.5)
    assert comparison["hang"].verdict is Verdict.TIMEOUT
    assert comparison["hang"].detail == "no answer within 1.5 s (first call)"
    assert comparison.seconds < 10
    assert not comparison.ok


@pytest.mark.alone
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_what_hangs_takes_its_children_along(julia, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_CHILD", str(tmp_path / "child"))
    add(julia, "children")
    assert compare("children", timeout=3)["children"].verdict is Verdict.TIMEOUT
    stat = Path(f"/proc/{(tmp_path / 'child').read_text()}/stat")
    deadline = time.monotonic() + 2
    while running(stat) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not running(stat)


def running(stat):
    """Tell whether a process is there, and not merely waiting for someone to ask how it ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_a_backend_prints_does_not_disturb_the_answer(julia):
    add(julia, "chatty")
    assert compare("chatty")["chatty"].verdict is Verdict.EQUAL


def test_memory_is_that_of_the_call(julia):
    add(julia, "large", "correct")
    comparison = compare("large", "correct")
    assert comparison["large"].memory_bytes == pytest.approx(64 * MIB, abs=2 * MIB)
    assert comparison["correct"].memory_bytes < 2 * MIB


@pytest.mark.alone
def test_cold_is_apart_from_warm(julia):
    add(julia, "slow_first")
    row = compare("slow_first")["slow_first"]
    assert row.first_seconds >= 0.3
    assert row.cold_seconds > row.first_seconds
    assert row.timing.median < 0.2


@pytest.mark.alone
def test_rounds_that_would_not_end_in_time_are_left_out(julia):
    add(julia, "slow")
    row = compare("slow", timeout=3.0)["slow"]
    assert row.verdict is Verdict.EQUAL
    assert row.timing.rounds == 1
    assert row.timing.median == row.first_seconds
    assert "the time is that of the first call" in row.detail


def test_missing_is_a_row_with_the_remedy_and_no_fault(julia):
    julia.register(Backend("ghost", "ghost:julia", package="no_such_package", extra="ghosts"))
    comparison = compare("ghost")
    assert comparison["ghost"].verdict is Verdict.MISSING
    assert 'pip install "perfpy[ghosts]"' in comparison["ghost"].detail
    assert comparison.ok


def test_a_function_that_a_process_can_import_takes_part(julia):
    import fake_backends

    perfpy.register_backend("julia", "mine", fake_backends.correct)
    assert compare("mine")["mine"].verdict is Verdict.EQUAL


def test_a_function_of_this_process_alone_is_sent_or_explained(julia):
    import fake_backends

    perfpy.register_backend("julia", "mine", fake_backends.not_importable["lambda"])
    row = compare("mine")["mine"]
    try:
        import cloudpickle  # noqa: F401
    except ImportError:
        assert row.verdict is Verdict.MISSING
        assert "put it into a module, or: pip install cloudpickle" in row.detail
    else:
        assert row.verdict is Verdict.EQUAL


def test_reference_is_the_first_exact_backend_that_is_quick_enough(julia, monkeypatch):
    import dataclasses

    from perfpy.techniques.julia import _workloads

    tiny = dataclasses.replace(_workloads.WORKLOADS[0], too_slow_for=("python", "numpy", "numexpr", "numba"))
    monkeypatch.setattr(_workloads, "WORKLOADS", (tiny,))
    comparison = perfpy.compare("julia", workload="tiny", rounds=1, timeout=30)
    assert comparison.reference == "cython"
    assert comparison.rows[0].name == "cython"
    skipped = [row.name for row in comparison.rows if row.verdict is Verdict.SKIPPED]
    assert skipped == ["python", "numpy", "numexpr", "numba"]
    assert comparison.ok
    named = compare("python", "c")
    assert named.reference == "python"  # it was named, so it is run all the same


def test_a_backend_that_cannot_do_the_workload_is_a_row_and_no_fault(julia, monkeypatch):
    import dataclasses

    from perfpy.techniques.julia import _workloads

    wide = dataclasses.replace(_workloads.WORKLOADS[0], needs=(("x", "wide"),))
    monkeypatch.setattr(_workloads, "WORKLOADS", (wide,))
    for name in ("python", "correct"):
        julia.register(Backend(name, "fake_backends:correct", lacks={"x": ("wide", "tall")}))
    comparison = compare("correct", "numpy")
    assert comparison.reference == "numpy"  # the first that can
    assert [(row.name, row.verdict) for row in comparison.rows] == [
        ("numpy", Verdict.REFERENCE),
        ("correct", Verdict.SKIPPED),
    ]
    assert comparison["correct"].detail == "cannot take x='wide', which this workload is about"
    assert comparison.ok


@pytest.mark.parametrize(("bound", "verdict"), [(0.06, Verdict.DIFFERS), (0.08, Verdict.WITHIN)])
def test_a_workload_may_have_a_bound_of_its_own(julia, monkeypatch, bound, verdict):
    import dataclasses

    from perfpy.techniques.julia import _workloads

    tiny = dataclasses.replace(_workloads.WORKLOADS[0], bound=bound)
    monkeypatch.setattr(_workloads, "WORKLOADS", (tiny,))
    add(julia, "wrong")  # by 7, where the largest count is 100
    assert compare("wrong")["wrong"].verdict is verdict


def test_a_reference_that_fails_is_a_row_and_the_next_one_serves(julia):
    julia.register(Backend("python", "fake_backends:raises"))
    comparison = compare("c")
    assert comparison.reference == "numpy"
    assert [(row.name, row.verdict) for row in comparison.rows] == [
        ("numpy", Verdict.REFERENCE),
        ("python", Verdict.RAISED),
        ("c", Verdict.EQUAL),
    ]
    assert not comparison.ok


def test_without_a_reference_nothing_is_verified(julia, monkeypatch):
    monkeypatch.setattr("perfpy.lab.run.TOOLS", ())
    comparison = compare("c")
    assert comparison.reference == ""
    assert comparison["c"].verdict is Verdict.UNVERIFIED
    assert not comparison.ok


def test_executor_is_passed_on():
    comparison = compare("c", executor="threads:2")
    assert comparison.ok
    assert comparison.executor == "threads:2"


def test_progress_tells_who_runs_and_ends_complete():
    events = []
    compare("c", progress=events.append)
    assert all(isinstance(event, Progress) for event in events)
    assert {event.backend for event in events} == {"python", "c", ""}
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert (events[-1].done, events[-1].total) == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"technique": "juila"}, ValueError, "did you mean 'julia'"),
        ({"technique": "julia", "workload": "huge"}, ValueError, "expected one of tiny, small"),
        ({"technique": "julia", "backends": ["numbaa"]}, ValueError, "did you mean 'numba'"),
        ({"technique": "julia", "backends": "numba"}, TypeError, "a sequence of names, not a str"),
        ({"technique": "julia", "executor": "threds"}, ValueError, "threads"),
        ({"technique": "julia", "executor": object()}, TypeError, "executor must be None or a str"),
        ({"technique": "julia", "rounds": 0}, ValueError, "rounds must be at least 1"),
        ({"technique": "julia", "timeout": 0}, ValueError, "timeout must be more than 0"),
        ({"technique": "julia", "timeout": float("nan")}, ValueError, "timeout must be more than 0"),
    ],
)
def test_errors_come_at_once(arguments, error, message):
    with pytest.raises(error, match=message):
        perfpy.compare(**arguments)


def test_json_round_trip(julia):
    add(julia, "wrong", "mutates")
    comparison = compare("wrong", "mutates")
    assert Comparison.from_json(comparison.to_json()) == comparison
    with pytest.raises(ValueError, match="schema 1, not 99"):
        Comparison.from_dict({**comparison.to_dict(), "schema": 99})


def test_importing_the_laboratory_is_light():
    heavy = [
        "rich",
        "click",
        "matplotlib",
        "multiprocessing",
        "numba",
        "numexpr",
        "PIL",
        "cloudpickle",
        "html",
    ]
    code = f"import sys, perfpy.lab; print([name for name in {heavy} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_build_info_says_what_was_built_and_chosen():
    info = perfpy.build_info()
    assert info.version == perfpy.__version__
    assert "baseline" in info.isas
    assert info.chosen["julia"]["c"] in info.isas
    for word in (info.version, info.compiler, "sanitizers", "pythran"):
        assert word in str(info)
