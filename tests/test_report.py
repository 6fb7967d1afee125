"""The HTML report in a headless Chromium, in light and in dark."""

import shutil

import pytest

import perfpy

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api")

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A real comparison, with a backend that is missing."""
    from perfpy._dispatch import Backend
    from perfpy.techniques import find

    technique = find("julia")
    technique.register(Backend("ghost", "ghost:julia", package="no_such_package"))
    try:
        names = ["numpy", "cython", "c", "ghost"]
        comparison = perfpy.compare("julia", workload="tiny", backends=names, rounds=5)
    finally:
        del technique.table["ghost"]
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(comparison.to_html(), encoding="utf-8")
    return path


class Visit:
    """A page that was opened, and what it asked for and complained about."""

    def __init__(self, browser, report, scheme, width):
        self.requests, self.complaints = [], []
        self.context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(report.as_uri())


@pytest.fixture
def visit(browser, report):
    visits = []

    def open_report(scheme="light", width=1100):
        visits.append(Visit(browser, report, scheme, width))
        return visits[-1]

    yield open_report
    for opened in visits:
        opened.context.close()


SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@SCHEMES
def test_page_fetches_nothing_and_has_no_errors(visit, report, scheme):
    opened = visit(scheme)
    opened.page.wait_for_load_state("networkidle")
    assert opened.requests == [report.as_uri()]
    assert opened.complaints == []
    assert opened.page.title() == "perfpy compare: julia"


@SCHEMES
def test_bars_are_drawn_to_scale(visit, scheme):
    page = visit(scheme).page
    rows = page.locator("figure").first.locator("svg g")
    assert rows.count() == 5
    boxes = [bar.bounding_box() for bar in page.locator("figure").first.locator("rect.bar").all()]
    assert len(boxes) == 4  # none for the one that is missing
    assert all(box["width"] >= 2 and box["height"] >= 8 for box in boxes)
    python, *others = (box["width"] for box in boxes)
    assert python > max(others)
    assert page.locator("rect.bar.reference").first.is_visible()
    assert page.locator("rect.bar.first").first.is_visible()
    assert (
        page.locator("rect.bar.first").first.evaluate("bar => getComputedStyle(bar).fill") != "rgb(0, 0, 0)"
    )


def luminance(color):
    channels = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast ratio of WCAG 2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@SCHEMES
def test_text_can_be_read(visit, scheme):
    page = visit(scheme).page
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (luminance(paper) < 0.1) is (scheme == "dark")
    card = page.locator("dl").evaluate("list => getComputedStyle(list).backgroundColor")
    for selector in ("p.outcome", "td", "td.good", "td.missing", ".soft", "footer p", "figcaption"):
        color = page.locator(selector).first.evaluate("element => getComputedStyle(element).color")
        assert contrast(color, paper) >= 4.5, selector
    for selector in ("dt", "dd"):
        color = page.locator(selector).first.evaluate("element => getComputedStyle(element).color")
        assert contrast(color, card) >= 4.5, selector
    for selector in ("svg text", "svg .tick", "svg .note"):
        color = page.locator(selector).first.evaluate("element => getComputedStyle(element).fill")
        assert contrast(color, paper) >= 4.5, selector
    for selector in ("rect.bar.first", "rect.bar.reference"):
        color = page.locator(selector).first.evaluate("element => getComputedStyle(element).fill")
        assert contrast(color, paper) >= 1.9, selector


@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_runs_over_the_edge(visit, width):
    page = visit(width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 1000:
        return  # a chart is scrolled then
    for label in page.locator("figure").first.locator("svg text").all():
        box, figure = label.bounding_box(), page.locator("figure").first.bounding_box()
        assert figure["x"] <= box["x"]
        assert box["x"] + box["width"] <= figure["x"] + figure["width"]


def test_light_and_dark_are_different_pictures(visit, tmp_path):
    pictures = [visit(scheme).page.screenshot(full_page=True) for scheme in ("light", "dark")]
    assert pictures[0] != pictures[1]
    assert min(map(len, pictures)) > 20_000
