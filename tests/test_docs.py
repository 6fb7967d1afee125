"""Every example in a docstring or on a page runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import perfpy
from perfpy import _build
from perfpy.techniques import find, names

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "techniques").glob("*.md")]
)
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.FAIL_FAST
FENCE = re.compile(r"^```pycon\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _only_own_backends() -> Iterator[None]:
    """Examples register backends; forget them again."""
    tables = {name: dict(find(name).table) for name in names()}
    yield
    for name, table in tables.items():
        find(name).table.clear()
        find(name).table.update(table)
        find(name).clear()


def _modules() -> list[str]:
    """Return the modules written in Python, compiled ones and the program itself left out."""
    found = pkgutil.walk_packages(perfpy.__path__, "perfpy.")
    return [item.name for item in found if "._ext" not in item.name and not item.name.endswith("__main__")]


def _is_complete(module: str) -> bool:
    """Tell whether there is what the adapter of a package is about, or the extension of a compiler."""
    if module.endswith("._pythran"):
        return _build.PYTHRAN
    _, is_adapter, package = module.rpartition("._peer_")
    return not is_adapter or importlib.util.find_spec(package) is not None


def _docstring_examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = [importlib.import_module(name) for name in _modules() if _is_complete(name)]
    return [test for module in modules for test in finder.find(module, module.__name__) if test.examples]


def _run(test: doctest.DocTest) -> None:
    report: list[str] = []
    results = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
    assert results.failed == 0, "".join(report)


@pytest.mark.parametrize("test", _docstring_examples(), ids=lambda test: test.name)
def test_docstring(test: doctest.DocTest) -> None:
    _run(test)


def _page_examples() -> list[doctest.DocTest]:
    """Return a test for each page that has examples; the examples of a page share their names."""
    tests = []
    for page in PAGES:
        text = page.read_text()
        # What is no example becomes empty lines, so that a report gives the line of the page.
        code, end = "", 0
        for block in FENCE.finditer(text):
            code += "\n" * text.count("\n", end, block.start(1)) + block[1]
            end = block.end(1)
        name = str(page.relative_to(ROOT))
        tests.append(doctest.DocTestParser().get_doctest(code, {}, name, str(page), 0))
    return [test for test in tests if test.examples]


@pytest.mark.parametrize("test", _page_examples(), ids=lambda test: test.name)
def test_page(test: doctest.DocTest) -> None:
    _run(test)


@pytest.mark.parametrize("name", perfpy.__all__)
def test_public_name_has_an_example(name: str) -> None:
    value = getattr(perfpy, name)
    if inspect.isfunction(value):
        assert ">>>" in (value.__doc__ or ""), f"perfpy.{name} has no example"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    """Sphinx checks the site's own pages; README and its kind are read where nobody checks."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    missing = [target for target in targets if not _exists(page.parent / target)]
    assert not missing


def _exists(target: Path) -> bool:
    built = "gallery" in target.parts
    return built or target.exists()
