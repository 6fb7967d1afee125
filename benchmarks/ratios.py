"""How many times as fast as the best peer: one process, rounds that take turns, every answer checked first.

    python benchmarks/ratios.py [TECHNIQUE ...] [--rounds N] [--case TEXT ...]

prints a Markdown table for each technique; ``--case`` picks the cases whose names have the text in them. Who
the peers are is said in ``benchmarks/cases``. Figures of one table can be compared; those of two runs cannot,
as the machine is another one each time.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import statistics
import sys
import time
from collections.abc import Mapping

from cases import Cases, Contender, Contest

TECHNIQUES = {
    "julia": "cases.julia",
    "diffuse": "cases.diffusion",
    "primes": "cases.primes",
    "estimate_pi": "cases.pi",
    "bloom_filter": "cases.bloom",
    "hyperloglog": "cases.cardinality",
    "trie": "cases.trie",
}


def measure(functions: Mapping[str, Contender], rounds: int) -> dict[str, list[float]]:
    """Time functions in turns, so that a slow spell of the machine meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - started)
    return times


def check(case: str, contest: Contest) -> None:
    """Run every function once, which warms it up, and end the program if it is wrong."""
    for name, function in {**contest.ours, **contest.peers}.items():
        if not contest.agree(contest.expected, function()):
            raise SystemExit(f"{name} gives a wrong answer on {case}")


def row(case: str, contest: Contest, titles: list[str], rounds: int) -> str:
    """Return the line of the table for one case."""
    check(case, contest)
    times = measure({**contest.ours, **contest.peers}, rounds)
    cells = [
        f"{min(times[title]) * 1e3:.2f} / {statistics.median(times[title]) * 1e3:.2f}"
        if title in times
        else "-"
        for title in titles
    ]
    ours = next(iter(contest.ours))
    best = min(contest.peers, key=lambda name: min(times[name]))
    ratios = [pick(times[best]) / pick(times[ours]) for pick in (min, statistics.median)]
    return f"| {case} | {' | '.join(cells)} | **{ratios[0]:.2f}** / {ratios[1]:.2f} |"


def table(cases: Cases, titles: list[str], rounds: int) -> None:
    """Print the table of a technique."""
    print(f"Milliseconds, minimum / median; last column: best peer divided by {titles[0]}.\n")
    print(f"| case | {' | '.join(titles)} | ratio |")
    print(f"| --- |{' ---: |' * (len(titles) + 1)}")
    for name, prepare in cases.items():
        print(row(name, prepare(), titles, rounds), flush=True)
        gc.collect()


def with_huge_pages() -> None:
    """Start anew with an allocator that asks for huge pages: perfpy does, libraries of others do not."""
    tunable = "glibc.malloc.hugetlb=1"
    if sys.platform == "linux" and tunable not in os.environ.get("GLIBC_TUNABLES", ""):
        os.environ["GLIBC_TUNABLES"] = tunable
        os.execv(sys.executable, [sys.executable, *sys.argv])


def main() -> None:
    """Print the tables."""
    with_huge_pages()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("techniques", nargs="*", choices=[*TECHNIQUES, []], metavar="TECHNIQUE")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--case", nargs="*", default=[""], metavar="TEXT")
    options = parser.parse_args()
    for technique in options.techniques or TECHNIQUES:
        module = importlib.import_module(TECHNIQUES[technique])
        chosen = {
            name: prepare
            for name, prepare in module.CASES.items()
            if any(text in name for text in options.case)
        }
        if chosen:
            print(f"## {technique}\n")
            table(chosen, module.TITLES, options.rounds)
            print()


if __name__ == "__main__":
    main()
