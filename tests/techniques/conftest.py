"""The backends that the tests run over: one list, the tables of perfpy itself."""

from __future__ import annotations

import functools

import pytest

from perfpy import _build, techniques
from perfpy._dispatch import BackendInfo

#: Extensions that every build of perfpy has: one that is missing is a failure, not a reason to skip.
ALWAYS_BUILT = {"cython", "cffi", "c"} | ({"pythran"} if _build.PYTHRAN else set())

#: Techniques whose peers give something else than perfpy: it can only be compared by tests of their own.
PEERS_DIFFER = {"bloom_filter", "hyperloglog"}


@functools.cache
def table(technique: str) -> tuple[BackendInfo, ...]:
    """Return the backends of a technique, as they were before tests add theirs."""
    return tuple(techniques.backends(technique))


def rows(technique: str, chosen: list[str]) -> list[BackendInfo]:
    """Return the backends of a technique that the command line asks for."""
    found = [row for row in table(technique) if not chosen or row.name in chosen]
    return [row for row in found if not row.peer or technique not in PEERS_DIFFER]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `backend` once for each backend of its technique.

    A test module says with ``TECHNIQUE = "julia"`` whose backends these are; one without it is about every
    technique, or those that it lists in ``TECHNIQUES``, and its tests take `technique` too.
    """
    if "backend" not in metafunc.fixturenames:
        return
    of_module = getattr(metafunc.module, "TECHNIQUE", None)
    found = [
        row
        for name in ([of_module] if of_module else getattr(metafunc.module, "TECHNIQUES", techniques.names()))
        for row in rows(name, metafunc.config.getoption("--backend"))
    ]
    if of_module:
        metafunc.parametrize("backend", [pytest.param(row.name, id=row.name) for row in found])
    else:
        metafunc.parametrize(
            ("technique", "backend"),
            [pytest.param(row.technique, row.name, id=f"{row.technique}-{row.name}") for row in found],
        )


@pytest.fixture(autouse=True)
def _backend_is_available(request: pytest.FixtureRequest) -> None:
    """Skip the tests of a backend that is not installed; fail those of one that must be."""
    parameters = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    if "backend" not in parameters:
        return
    technique = parameters.get("technique", getattr(request.module, "TECHNIQUE", None))
    row = next(row for row in table(technique) if row.name == parameters["backend"])
    if row.available:
        return
    if row.name in ALWAYS_BUILT:
        pytest.fail(f"backend {row.name!r} of {technique!r} must be there: {row.reason}")
    pytest.skip(row.reason)
