"""The choice of a backend: by name, by `auto`, by the environment; registration; the three errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import perfpy
from perfpy._dispatch import Backend, Technique, Traits
from perfpy.techniques import find


def _returns(value):
    return lambda: value


def _technique(*extra: Backend, auto: tuple[str, ...] = ("fast",)) -> Technique:
    return Technique(
        "toy",
        (Backend("python", _returns("reference")), Backend("fast", _returns("fast")), *extra),
        auto=auto,
    )


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    monkeypatch.delenv("PERFPY_BACKEND", raising=False)


@pytest.fixture
def broken_module(tmp_path, monkeypatch):
    """An importable module whose import fails, as a compiled one with a missing symbol does."""
    (tmp_path / "perfpy_broken_module.py").write_text("raise OSError('undefined symbol: frobnicate')\n")
    monkeypatch.syspath_prepend(tmp_path)
    return Backend("broken", "perfpy_broken_module:kernel", extension="perfpy_broken_module")


def test_named_backend_is_loaded_and_remembered():
    technique = _technique()
    assert technique["fast"]() == "fast"
    assert "fast" in technique
    assert technique["fast"] is technique["fast"]


def test_auto_takes_the_first_that_works():
    absent = Backend("absent", "json:dumps", package="no_such_package_anywhere")
    assert _technique(absent, auto=("absent", "fast"))["auto"]() == "fast"


def test_auto_falls_back_on_the_reference():
    absent = Backend("absent", "json:dumps", package="no_such_package_anywhere")
    assert _technique(absent, auto=("absent",))["auto"]() == "reference"


def test_unknown_name_lists_names_and_the_near_match():
    with pytest.raises(ValueError, match=r"unknown backend 'fats' of 'toy'.*python, fast.*mean 'fast'"):
        _technique()["fats"]


@pytest.mark.parametrize("name", [None, 3, b"fast"])
def test_name_of_wrong_type(name):
    with pytest.raises(TypeError, match="backend must be a str"):
        _technique()[name]


def test_absent_package_names_the_pip_line():
    technique = _technique(Backend("absent", "json:dumps", package="no_such_package_anywhere", extra="speed"))
    with pytest.raises(perfpy.BackendUnavailable, match=r'pip install "perfpy\[speed\]"') as caught:
        technique["absent"]
    assert isinstance(caught.value, ImportError)


def test_absent_peer_names_its_own_package():
    technique = _technique(Backend("peer", "json:dumps", package="no_such_package_anywhere", peer=True))
    with pytest.raises(perfpy.BackendUnavailable, match="pip install no_such_package_anywhere"):
        technique["peer"]


def test_absent_extension():
    technique = _technique(Backend("absent", "json:dumps", extension="perfpy._ext.no_such_extension"))
    with pytest.raises(perfpy.BackendUnavailable, match="does not include"):
        technique["absent"]


def test_broken_backend_keeps_its_exception(broken_module):
    technique = _technique(broken_module)
    for _ in range(2):  # the second time from memory
        with pytest.raises(perfpy.BackendUnavailable, match="broken: OSError: undefined symbol") as caught:
            technique["broken"]
        assert isinstance(caught.value.__cause__, OSError)


def test_auto_warns_once_about_a_broken_backend(broken_module):
    technique = _technique(broken_module, auto=("broken", "fast"))
    with pytest.warns(RuntimeWarning, match="frobnicate"):
        assert technique["auto"]() == "fast"
    technique.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert technique["auto"]() == "fast"


def test_wrong_setting_is_not_taken_for_a_broken_backend(tmp_path, monkeypatch):
    (tmp_path / "perfpy_wrong_setting.py").write_text("raise ValueError('PERFPY_ISA is wrong')\n")
    monkeypatch.syspath_prepend(tmp_path)
    technique = _technique(Backend("set", "perfpy_wrong_setting:kernel"), auto=("set", "fast"))
    with pytest.raises(ValueError, match="PERFPY_ISA is wrong"):
        technique["auto"]


class TestNeeds:
    narrow = Backend("narrow", _returns("narrow"), lacks={"dtype": ("float32",)})

    def test_named_backend_that_cannot(self):
        message = r"backend 'narrow' of 'toy' cannot take dtype='float32'; backends that can: python, fast"
        with pytest.raises(ValueError, match=message):
            _technique(self.narrow)["narrow", (("dtype", "float32"),)]

    def test_named_backend_that_can(self):
        assert _technique(self.narrow)["narrow", (("dtype", "float64"),)]() == "narrow"

    def test_auto_passes_over_it(self):
        technique = _technique(self.narrow, auto=("narrow", "fast"))
        assert technique["auto"]() == "narrow"
        assert technique["auto", (("dtype", "float32"),)]() == "fast"


class TestEnvironment:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("python", "python"),
            ("toy=python", "python"),
            ("other=c, toy = python", "python"),
            ("python,toy=auto", "fast"),
            ("other=python", "fast"),
            ("auto", "fast"),
            ("", "fast"),
            ("numexpr", "fast"),  # a tool that this technique has no backend for
        ],
    )
    def test_overrides_auto(self, monkeypatch, value, expected):
        monkeypatch.setenv("PERFPY_BACKEND", value)
        assert _technique().resolve("auto") == expected

    def test_does_not_override_a_name(self, monkeypatch):
        monkeypatch.setenv("PERFPY_BACKEND", "python")
        assert _technique().resolve("fast") == "fast"

    def test_unknown_name_is_an_error_that_names_the_variable(self, monkeypatch):
        monkeypatch.setenv("PERFPY_BACKEND", "toy=fats")
        with pytest.raises(ValueError, match=r"PERFPY_BACKEND='toy=fats': unknown backend 'fats'"):
            _technique()["auto"]

    def test_unavailable_backend_is_not_replaced(self, monkeypatch):
        monkeypatch.setenv("PERFPY_BACKEND", "absent")
        technique = _technique(Backend("absent", "json:dumps", package="no_such_package_anywhere"))
        with pytest.raises(perfpy.BackendUnavailable):
            technique["auto"]


class TestRows:
    def test_all_backends_of_julia(self):
        rows = {row.name: row for row in perfpy.backends("julia")}
        assert list(rows)[:8] == ["python", "numpy", "numexpr", "numba", "cython", "pythran", "cffi", "c"]
        assert all(row.technique == "julia" for row in rows.values())
        assert rows["c"].available
        assert rows["c"].isa == rows["cffi"].isa != ""
        assert rows["python"].version == perfpy.__version__

    def test_all_techniques(self):
        assert {row.technique for row in perfpy.backends()} >= {"julia"}

    def test_missing_package(self):
        technique = _technique(Backend("absent", "json:dumps", package="no_such_package_anywhere"))
        row = next(row for row in technique.rows() if row.name == "absent")
        assert not row.available
        assert "pip install" in row.reason
        assert row.version == row.isa == ""

    def test_broken_extension(self, broken_module):
        row = next(row for row in _technique(broken_module).rows() if row.name == "broken")
        assert not row.available
        assert "frobnicate" in row.reason

    def test_unknown_technique(self):
        with pytest.raises(ValueError, match=r"unknown technique 'julja'.*did you mean 'julia'"):
            perfpy.backends("julja")


class TestRegistration:
    @pytest.fixture(autouse=True)
    def _restore(self):
        technique = find("julia")
        table = dict(technique.table)
        yield
        technique.table = table
        technique.clear()

    def test_function(self):
        def sevens(x, y, c, max_iterations, out):
            out[:] = 7

        perfpy.register_backend("julia", "sevens", sevens)
        assert (perfpy.julia(3, 2, backend="sevens") == 7).all()
        assert "sevens" in [row.name for row in perfpy.backends("julia")]
        assert find("julia").resolve("auto") != "sevens"

    def test_place(self):
        perfpy.register_backend("julia", "twin", "perfpy.techniques.julia._numpy:julia")
        assert np.array_equal(perfpy.julia(20, 30, backend="twin"), perfpy.julia(20, 30, backend="python"))

    def test_replacing_takes_effect_on_the_next_call(self):
        perfpy.register_backend("julia", "mine", lambda x, y, c, m, out: out.fill(1))
        assert perfpy.julia(1, 1, backend="mine") == 1
        perfpy.register_backend("julia", "mine", lambda x, y, c, m, out: out.fill(2))
        assert perfpy.julia(1, 1, backend="mine") == 2

    def test_place_that_does_not_exist(self):
        perfpy.register_backend("julia", "nowhere", "no_such_module_anywhere:kernel")
        with pytest.raises(perfpy.BackendUnavailable, match="no_such_module_anywhere"):
            perfpy.julia(1, 1, backend="nowhere")

    @pytest.mark.parametrize(
        ("name", "target", "error", "message"),
        [
            ("auto", len, ValueError, "'auto'"),
            ("python", len, ValueError, "reference"),
            ("mine", "module.attribute", ValueError, "module:attribute"),
            ("mine", 3, TypeError, "target"),
        ],
    )
    def test_bad_arguments(self, name, target, error, message):
        with pytest.raises(error, match=message):
            perfpy.register_backend("julia", name, target)


def test_entry_points(tmp_path, monkeypatch):
    """A package may bring backends along; it is found when an unknown name is asked for."""
    (tmp_path / "perfpy_guest.py").write_text("def kernel(x, y, c, max_iterations, out):\n    out[:] = 5\n")
    metadata = tmp_path / "perfpy_guest-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: perfpy-guest\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[perfpy.backends]\njulia.guest = perfpy_guest:kernel\n")
    script = """
        import perfpy
        print(perfpy.julia(1, 1, backend="guest")[0, 0], perfpy.backends("julia")[-1].name)
    """
    assert _run(script, PYTHONPATH=str(tmp_path)).split() == ["5", "guest"]


def test_import_is_light():
    """Importing perfpy imports none of the packages that its backends and tools are built on."""
    script = """
        import json, sys
        import perfpy
        print(json.dumps([name for name in sys.modules if "." not in name]))
    """
    heavy = {"numba", "numexpr", "scipy", "multiprocessing", "matplotlib", "rich", "click", "loky", "cffi"}
    assert heavy.isdisjoint(json.loads(_run(script)))


@pytest.mark.alone
def test_import_cost_over_numpy():
    """Importing perfpy after numpy takes under 60 ms, in the best of several processes."""
    script = """
        import time, numpy
        start = time.perf_counter()
        import perfpy
        print(time.perf_counter() - start)
    """
    assert min(float(_run(script)) for _ in range(5)) < 0.060


def test_julia_uses_no_other_backend_than_the_chosen():
    script = """
        import sys, perfpy
        perfpy.julia(10, 10)
        print([name for name in ("numba", "numexpr", "cffi", "multiprocessing") if name in sys.modules])
    """
    assert _run(script).strip() == "[]"


def test_every_traits_of_julia_is_exact():
    assert all(row.traits.exact for row in perfpy.backends("julia"))
    assert not Traits(bound=1e-9).exact


def test_public_names():
    assert set(dir(perfpy)) >= {"julia", "compare", "backends", "register_backend", "executors", "build_info"}
    assert perfpy.julia is perfpy.julia
    with pytest.raises(AttributeError, match="no_such_name"):
        perfpy.no_such_name  # noqa: B018


def _run(script: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return result.stdout
