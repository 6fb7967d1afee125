"""What a report says in words: the columns of its table and the sentences around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import units
from .comparison import Comparison, Row, Verdict
from .timing import PROCESS_NOISE, Timing


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, what that means, and whether it holds numbers."""

    heading: str
    meaning: str
    number: bool = True


COLUMNS = (
    Column("backend", "the tool", number=False),
    Column("verdict", "its result, held against the reference", number=False),
    Column("time", "median of the warm rounds"),
    Column("±", "half the 95 % confidence interval of the median"),
    Column("minimum", "shortest round"),
    Column("speed-up", "median of the reference over this median"),
    Column("rank", "1 + how many are faster by more than the noise; = for a tie"),
    Column("cold", "import and first call, compilation included"),
    Column("memory", "peak of a call over what its process held before"),
    Column("lines", "lines of code of the backend"),
)


def cells(row: Row) -> tuple[str, ...]:
    """Return the text of each column."""
    timing = row.timing
    return (
        row.name,
        verdict(row),
        units.time(timing.median) if timing else "",
        spread(timing),
        units.time(timing.minimum) if timing else "",
        units.ratio(row.speedup),
        place(row),
        units.time(row.cold_seconds),
        units.memory(row.memory_bytes),
        "" if row.lines is None else f"{row.lines:,}",
    )


def verdict(row: Row) -> str:
    """Return the verdict in a few words; the largest difference, where there is one, is part of it."""
    if row.largest_difference and row.verdict in (Verdict.WITHIN, Verdict.DIFFERS):
        return f"{row.verdict} ({units.difference(row.largest_difference)})"
    return str(row.verdict)


def spread(timing: Timing | None) -> str:
    """Return the spread in per cent of the median; one round has none."""
    if timing is None or timing.rounds < 2:
        return ""
    return f"{100 * timing.spread / timing.median:.0f} %"


def place(row: Row) -> str:
    """Return the rank, with an equals sign where others tie."""
    if row.rank is None:
        return ""
    return f"{row.rank}{'=' if row.ties else ''}"


def title(comparison: Comparison) -> str:
    """Return the headline."""
    return f"{comparison.technique} · {comparison.workload}"


def subtitle(comparison: Comparison) -> str:
    """Say what was run, and where."""
    executor = f", executor {comparison.executor}" if comparison.executor else ""
    return f"{comparison.description}{executor}"


def outcome(comparison: Comparison) -> str:
    """Say in a sentence or two who won, what is a tie, and what went wrong."""
    timed = [row for row in comparison.rows if row.timing is not None and row.rank is not None]
    sentences = []
    first = sorted(
        (row for row in timed if row.rank == 1), key=lambda row: row.timing.median if row.timing else 0
    )
    others = [row.name for row in first[1:]]
    if len(timed) > 1 and first:
        best = first[0]
        sentence = f"Fastest: {best.name}"
        if best.name != comparison.reference:
            sentence += f", {units.ratio(best.speedup)} as fast as {comparison.reference}"
        if others:
            sentence += f"; {join(others)} {'ties' if len(others) == 1 else 'tie'} with it (within the noise)"
        sentences.append(sentence + ".")
    failed = [f"{row.name} ({verdict(row)})" for row in comparison.rows if row.verdict.failed]
    if failed:
        sentences.append(f"Wrong: {join(failed)}.")
    elif timed:
        exact = all(row.verdict is not Verdict.WITHIN for row in timed)
        many = "Both" if len(timed) == 2 else f"All {len(timed)}"
        equal = "equal" if exact else "within their bounds"
        only = "The only result is that of the reference."
        sentences.append(f"{many} results are {equal}." if len(timed) > 1 else only)
    return " ".join(sentences)


def facts(comparison: Comparison) -> list[tuple[str, str]]:
    """Return the header: what the figures were measured against, and on what."""
    return [("reference", comparison.reference or "none"), *machine_facts([comparison])]


def machine_facts(comparisons: Sequence[Comparison]) -> list[tuple[str, str]]:
    """Return what comparisons of one run were measured on."""
    machine = comparisons[0].machine
    rows = [row for comparison in comparisons for row in comparison.rows]
    busy = " (busy: trust ratios, not times)" if machine.busy else ""
    chosen = dict.fromkeys(row.isa for row in rows if row.isa)
    packages = {
        row.name: row.version for row in rows if row.version and row.version != machine.versions["perfpy"]
    }
    versions = {**machine.versions, **packages}
    return [
        ("CPU", f"{machine.cpu}, {machine.cores} core{'s' if machine.cores != 1 else ''}"),
        ("memory", units.memory(machine.memory_bytes)),
        ("ISA", f"{', '.join(chosen) or 'none chosen'} (built for {', '.join(machine.isas)})"),
        ("system", machine.system),
        ("Python", machine.python),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
        ("load", f"{machine.load:g}{busy}"),
    ]


def notes(comparison: Comparison) -> list[tuple[str, str]]:
    """Return what there is to say on rows: why one is missing, what one raised."""
    return [(row.name, row.detail) for row in comparison.rows if row.detail]


def method() -> str:
    """Say in a paragraph how the figures came about."""
    return (
        "Each backend ran in a fresh process: import and first call (cold; a tool that keeps its compiled "
        "code on disk found it there if it had run before), verification against the reference, warm rounds, "
        "one more call for memory. Time is the median of the rounds, ± half the 95 % confidence interval of "
        "the median (the full range below six rounds). Two backends tie when these intervals, widened by "
        f"{100 * PROCESS_NOISE:.0f} % for the noise between processes, overlap. Memory is the peak of the "
        "process during a call over what it held before, result included."
    )


def join(names: list[str]) -> str:
    """Return names as in a sentence."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def render(comparison: Comparison) -> str:
    """Return the table as plain text."""
    table = [tuple(column.heading for column in COLUMNS), *(cells(row) for row in comparison.rows)]
    lines = [f"{title(comparison)}: {subtitle(comparison)}", ""]
    lines += aligned(table, [column.number for column in COLUMNS])
    lines += ["", outcome(comparison), *(f"{name}: {detail}" for name, detail in notes(comparison))]
    return "\n".join(lines).rstrip()


def aligned(table: Sequence[Sequence[str]], numbers: Sequence[bool]) -> list[str]:
    """Return the lines of a table as plain text, columns of numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join(
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in table
    ]
