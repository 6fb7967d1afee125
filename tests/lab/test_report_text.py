"""Text, Markdown and HTML of a comparison that was made by hand, with every verdict in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from perfpy.lab import Comparison, Row, Verdict, text
from perfpy.lab.charts import decades, from_zero
from perfpy.lab.html import page
from perfpy.lab.machine import Machine
from perfpy.lab.timing import Timing

EVIL = '<script>alert("x")</script> | *a* & `b`'

MACHINE = Machine(
    cpu="A <Processor>",
    cores=2,
    memory_bytes=8 * 2**30,
    system="Linux",
    python="CPython 3.11.7",
    versions={"perfpy": "0.1.0", "numpy": "2.4.6"},
    isas=("baseline", "avx2"),
    load=0.1,
)


def timed(name, seconds, verdict=Verdict.EQUAL, rank=1, ties=(), **more):
    timing = Timing(seconds, seconds, 0.99 * seconds, 1.01 * seconds, 20)
    figures = {"import_seconds": 0.001, "first_seconds": seconds, "memory_bytes": 3 << 20}
    figures |= {"lines": 12, "largest_difference": 0.0, "version": "0.1.0"}
    return Row(
        name, verdict, timing=timing, rank=rank, ties=ties, speedup=0.5 / seconds,
        **{**figures, **more},
    )  # fmt: skip


ROWS = (
    timed("python", 0.5, Verdict.REFERENCE, rank=4),
    timed("numba", 0.0011, rank=1, ties=("c",), version="0.61.0"),
    timed("c", 0.001, rank=1, ties=("numba",), isa="avx2"),
    timed("float", 0.1, Verdict.WITHIN, rank=3),
    Row("odd", Verdict.DIFFERS, "2 elements differ", largest_difference=7.0, lines=3),
    Row("greedy", Verdict.MUTATES, "the call changed its input"),
    Row("evil", Verdict.RAISED, EVIL),
    Row("gone", Verdict.CRASHED, "killed by SIGSEGV (first call)"),
    Row("late", Verdict.TIMEOUT, "no answer within 60 s (first call)"),
    Row("lone", Verdict.UNVERIFIED, "there is no reference result"),
    Row("slow", Verdict.SKIPPED, "would need minutes"),
    Row("ghost", Verdict.MISSING, 'install it with: pip install "perfpy[ghost]"'),
)


def comparison(rows=ROWS, **more):
    content = {
        "technique": "puzzle",
        "workload": "small",
        "description": "a puzzle of <10> pieces",
        "executor": None,
        "reference": "python",
        "rows": tuple(rows),
        "machine": MACHINE,
        "started": "2026-11-22T13:00:00+00:00",
        "seconds": 12.3,
    }
    return Comparison(**{**content, **more})


def test_every_verdict_is_listed_once():
    assert {row.verdict for row in ROWS} == set(Verdict)


def test_text_shows_every_backend_with_its_verdict_and_reason():
    shown = str(comparison())
    for row in ROWS:
        assert re.search(rf"^{row.name} +{re.escape(str(row.verdict))}", shown, re.MULTILINE)
        assert row.detail in shown
    assert "differs (7)" in shown
    assert "1.00 ms" in shown
    assert "500×" in shown  # noqa: RUF001


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:4], "Fastest: c, 500× as fast as python; numba ties with it (within the noise). "  # noqa: RUF001
                   "All 4 results are within their bounds."),
        (ROWS[:3], "All 3 results are equal."),
        (ROWS[:2], "Both results are equal."),
        (ROWS[:1], "The only result is that of the reference."),
        ((ROWS[0], ROWS[4], ROWS[7]), "Wrong: odd (differs (7)) and gone (crashed)."),
        ((ROWS[0], ROWS[11]), "The only result is that of the reference."),
    ],
)  # fmt: skip
def test_outcome_in_a_sentence(rows, words):
    assert words in text.outcome(comparison(rows))


def test_ok_unless_something_is_wrong():
    for row in ROWS:
        assert comparison([ROWS[0], row]).ok is (not row.verdict.failed)
    assert {row.name for row in ROWS if row.verdict.failed} == {
        "odd",
        "greedy",
        "evil",
        "gone",
        "late",
        "lone",
    }


def test_header_names_reference_isa_versions_and_a_busy_machine():
    facts = dict(text.facts(comparison()))
    assert facts["reference"] == "python"
    assert facts["ISA"] == "avx2 (built for baseline, avx2)"
    assert facts["versions"] == "perfpy 0.1.0, numpy 2.4.6, numba 0.61.0"
    assert "busy" not in facts["load"]
    assert "busy" in dict(text.facts(comparison(machine=replace(MACHINE, load=1.5))))["load"]


def test_markdown_has_a_whole_table_and_escapes():
    lines = comparison().to_markdown().splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + len(ROWS)
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {1 + len(text.COLUMNS)}
    assert r"\<script\>" in "\n".join(lines)
    assert not re.search(r"(?<!\\)<(?!/?sub>)", "\n".join(lines))


class Page(HTMLParser):
    """Collects tags, texts and everything that could fetch something."""

    VOID = frozenset({"meta", "line", "rect", "path", "circle"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.links, self.words = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "onload")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def parse(document):
    parsed = Page()
    parsed.feed(document)
    parsed.close()
    assert parsed.open == []
    return parsed


def test_html_is_one_well_formed_file_that_fetches_nothing():
    parsed = parse(comparison().to_html())
    assert parsed.links == []
    assert "script" not in parsed.tags
    assert "link" not in parsed.tags
    assert "img" not in parsed.tags
    assert "url(" not in comparison().to_html()
    assert "@import" not in comparison().to_html()


def test_html_shows_what_was_said_and_not_what_it_would_do():
    words = " ".join(parse(comparison().to_html()).words)
    for row in ROWS:
        assert row.name in words
        assert row.detail in words
    assert MACHINE.cpu in words
    assert "a puzzle of <10> pieces" in words


def test_html_has_a_bar_for_each_time():
    document = comparison().to_html()
    times = document[document.index("<svg") : document.index("</svg>")]
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', times)]
    assert len(widths) == 4
    assert widths[0] == max(widths)  # python takes longest
    assert min(widths) > 1


def test_one_page_for_several_comparisons():
    parsed = parse(page([comparison(), comparison(technique="riddle")]))
    assert parsed.tags.count("section") == 2
    assert parsed.tags.count("body") == 1


def test_notebooks_get_a_fragment():
    parsed = parse(comparison()._repr_html_())
    assert "body" not in parsed.tags
    assert parsed.tags.count("table") == 1


def test_nothing_to_draw_is_no_fault():
    assert "<table>" in comparison(ROWS[4:], reference="").to_html()
    assert "Wrong:" in comparison(ROWS[4:], reference="").to_markdown()


@pytest.mark.parametrize("values", [[1e-9], [1.0], [0.001, 10.0], [3e-7, 0.02]])
def test_logarithmic_axis_holds_all_values(values):
    axis = decades(values)
    assert all(0 < axis.place(value) <= 1 for value in values)
    assert axis.place(axis.low) == 0
    assert axis.place(axis.high) == 1


@pytest.mark.parametrize("base", [2.0, 10.0])
@pytest.mark.parametrize("largest", [1.0, 7.0, 123.0, 4096.0, 70_000_000.0])
def test_even_axis_has_a_few_round_ticks_from_zero(largest, base):
    axis = from_zero([largest / 3, largest], base)
    assert axis.ticks[0] == 0
    assert axis.ticks[-1] >= largest > axis.ticks[-2]
    assert 2 <= len(axis.ticks) <= 7


def test_plot_writes_a_picture_of_the_kind_that_is_asked_for(tmp_path):
    pytest.importorskip("matplotlib")
    comparison().plot(tmp_path / "times.png")
    comparison().plot(tmp_path / "times.svg")
    assert (tmp_path / "times.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "times.svg").read_bytes()
    with pytest.raises(ValueError, match=r"cannot draw into 'times\.doc'"):
        comparison().plot(tmp_path / "times.doc")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["times.png", "times.svg"]
