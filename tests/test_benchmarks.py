"""The page of benchmark results, made from the results of an asv run where there are any (CI makes some)."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".asv" / "results"


@pytest.fixture(scope="module")
def publish() -> ModuleType:
    pytest.importorskip("asv", reason="asv is in the extra 'bench'")
    path = ROOT / "benchmarks" / "publish.py"
    spec = importlib.util.spec_from_file_location("publish", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0131, "seconds", "13.1 ms"),
        (7.97e-5, "seconds", "79.7 µs"),
        (3e-8, "seconds", "30 ns"),
        (5 * 2**20, "bytes", "5 MiB"),
        (43.27, "ns", "43.3 ns"),
        (float("nan"), "seconds", "n/a"),
        (None, "seconds", "failed"),
    ],
)
def test_figures_have_three_digits(publish: ModuleType, value: float | None, unit: str, text: str) -> None:
    assert publish.formatted(value, unit) == text


@pytest.mark.browser
def test_page_opens_without_network(publish: ModuleType, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if not (RESULTS / "benchmarks.json").exists() or chromium is None:
        pytest.skip("needs the results of an asv run, and chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "index.html"
    path.write_text(publish.page(RESULTS), encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(path.as_uri())
        rows = page.locator("tr").count()
        browser.close()
    assert asked == [path.as_uri()]
    assert said == []
    assert rows > 1
