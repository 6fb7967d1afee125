"""Write what asv measured as one HTML file that needs no network: ``python benchmarks/publish.py``.

asv's own pages load their scripts from five hosts and their data by requests that browsers refuse for local
files. This page has everything inside, and forbids the browser to load anything else. It shows the newest
commit of each machine, and beside each figure how it came about over the commits before.
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

from asv.results import iter_results

_HERE = Path(__file__).resolve().parent
_STYLE = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: .5rem 0 2rem }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #8884; font-variant-numeric:
tabular-nums } th:first-child, td:first-child { text-align: left } tr > .best { font-weight: bold } svg {
width: 4em; height: 1em; margin-left: .5em; stroke: currentColor; fill: none; overflow: visible } .wide {
overflow-x: auto }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SCALES = {
    "seconds": ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (0, "ns")),
    "bytes": ((2**30, "GiB"), (2**20, "MiB"), (0, "KiB")),
}
_SMALLEST = {"ns": 1e-9, "KiB": 2**10}


def formatted(value: float | None, unit: str) -> str:
    """Return a figure with three digits in a fitting unit."""
    if value is None:
        return "failed"
    if math.isnan(value):
        return "n/a"
    for factor, name in _SCALES.get(unit, ()):
        if value >= factor:
            return f"{value / (factor or _SMALLEST[name]):.3g} {name}"
    return f"{value:.3g} {unit}"


def history(values: list[float | None]) -> str:
    """Draw the figures of all commits, oldest first, as a line."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    if len(known) < 2:
        return ""
    low, span = min(known), (max(known) - min(known)) or 1.0
    points = " ".join(
        f"{40 * i / (len(known) - 1):.1f},{10 - 10 * (value - low) / span:.1f}"
        for i, value in enumerate(known)
    )
    return f'<svg viewBox="0 0 40 10" role="img" aria-label="history"><polyline points="{points}"/></svg>'


def figures(results: list[Any], key: str) -> dict[tuple[str, ...], list[float | None]]:
    """Return the figures of a benchmark for each combination of parameters, oldest commit first."""
    found: dict[tuple[str, ...], list[float | None]] = defaultdict(list)
    for result in results:
        if key in result.get_all_result_keys():
            parameters = result.get_result_params(key)
            values = result.get_result_value(key, parameters)
            for combination, value in zip(itertools.product(*parameters), values, strict=True):
                found[tuple(name.strip("'") for name in combination)].append(value)
    return found


def table(found: dict[tuple[str, ...], list[float | None]], unit: str, names: list[str]) -> str:
    """Return a benchmark as a table: the last parameter across, the others down."""
    columns = list(dict.fromkeys(combination[-1:] for combination in found))
    rows = list(dict.fromkeys(combination[:-1] for combination in found))
    head = "".join(f"<th>{html.escape(' '.join(column) or 'value')}</th>" for column in columns)
    best = {
        column: min(
            (v[-1] for c, v in found.items() if c[-1:] == column and v[-1] and not math.isnan(v[-1])),
            default=None,
        )
        for column in columns
    }
    lines = [f"<tr><th>{html.escape(', '.join(names[:-1]))}</th>{head}</tr>"]
    for row in rows:
        cells = []
        for column in columns:
            values = found.get(row + column)
            mark = ' class="best"' if values and len(rows) > 1 and values[-1] == best[column] else ""
            text = html.escape(formatted(values[-1], unit)) + history(values) if values else ""
            cells.append(f"<td{mark}>{text}</td>")
        lines.append(f"<tr><td>{html.escape(', '.join(row))}</td>{''.join(cells)}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def page(folder: Path) -> str:
    """Return the page for the results in a folder of asv."""
    benchmarks = json.loads((folder / "benchmarks.json").read_text())
    by_machine: dict[str, list[Any]] = defaultdict(list)
    for result in sorted(iter_results(str(folder)), key=lambda result: result.date or 0):
        by_machine[result.params["machine"]].append(result)
    parts = []
    for machine, results in by_machine.items():
        facts = results[-1].params
        described = ", ".join(
            str(facts[name]) for name in ("cpu", "num_cpu", "os", "python") if name in facts
        )
        commit = results[-1].commit_hash[:10]
        parts.append(
            f"<h2>{html.escape(machine)}</h2><p>{html.escape(described)}; newest commit "
            f"<code>{html.escape(commit)}</code>, {len(results)} in all</p>"
        )
        for key in sorted(name for name in benchmarks if name != "version"):
            found = figures(results, key)
            if found:
                unit, names = benchmarks[key]["unit"], benchmarks[key]["param_names"]
                parts.append(f"<h3><code>{html.escape(key)}</code></h3>{table(found, unit, names)}")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>perfpy benchmarks</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>perfpy benchmarks</h1>{''.join(parts)}</body></html>\n"
    )


def main() -> None:
    """Write the page."""
    configuration = json.loads((_HERE / "asv.conf.json").read_text())
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--results", type=Path, default=_HERE / configuration["results_dir"])
    parser.add_argument("--output", type=Path, default=_HERE / configuration["html_dir"] / "index.html")
    options = parser.parse_args()
    if not (options.results / "benchmarks.json").exists():
        raise SystemExit(f"no results in {options.results.resolve()}; run asv first, with --set-commit-hash")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page(options.results), encoding="utf-8")
    print(f"wrote {options.output.resolve()}")


if __name__ == "__main__":
    main()
