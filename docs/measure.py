"""Measures everything that the pages and README quote, and writes it to ``docs/data``.

    python docs/measure.py                # everything, about six minutes; the machine should be idle
    python docs/measure.py julia-book     # one data set
    python docs/measure.py --readme       # measure nothing; put the present figures into README.md

The figures on the pages are drawn from these files when the site is built; those of README are put between
its markers here.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "_extensions"))

import dataset  # noqa: E402  (lies beside the Sphinx extensions)
import numpy as np  # noqa: E402

import perfpy  # noqa: E402
from perfpy.lab.machine import machine  # noqa: E402
from perfpy.techniques.julia._workloads import WORKLOADS  # noqa: E402

#: Data set to the arguments of `perfpy.compare`.
COMPILED = ["numba", "cython", "pythran", "cffi", "c"]
COMPARISONS: dict[str, dict[str, Any]] = {
    "julia-book": {"workload": "book"},
    "julia-book-threads": {"workload": "book", "executor": "threads:2"},
    "julia-large": {"workload": "large"},
    "julia-rabbit": {"workload": "rabbit", "backends": COMPILED},
    "julia-seahorse": {"workload": "seahorse", "backends": COMPILED},
}
LIMIT = "julia-limit"
PEERS = "julia-peers"
README_DATA = "julia-book"


def measure(name: str) -> None:
    """Run one comparison, and count the steps that its workload asks for."""
    arguments = COMPARISONS[name]
    comparison = perfpy.compare("julia", **arguments)
    print(comparison)
    if not comparison.ok:
        raise SystemExit(f"{name}: a backend failed; nothing was written")
    workload = next(item for item in WORKLOADS if item.name == arguments["workload"])
    steps = int(np.sum(perfpy.julia(**workload.arguments()), dtype=np.int64))
    store(
        name, {"command": _command(arguments), "steps": steps, "comparison": json.loads(comparison.to_json())}
    )


def _command(arguments: dict[str, Any]) -> str:
    """Return what does the same in a shell."""
    options = (
        f"--{key} {','.join(value) if key == 'backends' else value}" for key, value in arguments.items()
    )
    return f"perfpy compare julia {' '.join(options)}"


def measure_limit(name: str, compiler: str = "cc") -> None:
    """Compile and run the arithmetic of a step, for each width of vector that this machine has."""
    flags = {1: [], 2: [], 4: ["-mavx2"], 8: ["-mavx512f", "-mprefer-vector-width=512"]}
    common = ["-O3", "-ffp-contract=off", "-fno-tree-vectorize", "-fno-tree-slp-vectorize"]
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "limit"
        for lanes, wide in flags.items():
            for chains in (1, 2, 4, 6, 8):
                defines = [f"-DLANES={lanes}", f"-DCHAINS={chains}"]
                source = str(HERE / "limits" / "julia.c")
                subprocess.run([compiler, *common, *wide, *defines, source, "-o", str(program)], check=True)
                result = subprocess.run([str(program)], check=False, capture_output=True, text=True)
                if result.returncode == 0:  # not an illegal instruction
                    runs.append(json.loads(result.stdout))
    store(name, {"machine": machine().cpu, "date": date.today().isoformat(), "runs": runs})


def measure_peers(name: str) -> None:
    """Run perfpy beside the best of others, in turns in one process, and keep the table that comes out."""
    command = ["python", "benchmarks/ratios.py"]
    script = HERE.parent / command[1]
    result = subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True)
    lines = [line.strip("| ").split(" | ") for line in result.stdout.splitlines() if line.startswith("|")]
    header, _, *cells = ([cell.strip("* ").replace("**", "") for cell in line] for line in lines)
    content = {"command": " ".join(command), "machine": machine().cpu, "date": date.today().isoformat()}
    store(name, {**content, "header": header, "cells": cells})


def store(name: str, content: object) -> None:
    """Write a data set."""
    dataset.path(name).write_text(json.dumps(content, indent=1) + "\n")
    print(f"wrote docs/data/{name}.json")


def write_readme() -> None:
    """Put the table of the book's workload between the markers of README.md."""
    data = dataset.load(README_DATA)
    header, cells = dataset.table(data)
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *cells]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    text = f"{table}\n\n`{data.command}`. {dataset.provenance(data)}"
    readme = HERE.parent / "README.md"
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    readme.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", readme.read_text()))
    print("wrote README.md")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure what the documentation quotes.")
    parser.add_argument("names", nargs="*", choices=[*COMPARISONS, LIMIT, PEERS, []], metavar="NAME")
    parser.add_argument("--readme", action="store_true", help="only put the present figures into README.md")
    options = parser.parse_args()
    special = {LIMIT: measure_limit, PEERS: measure_peers}
    names = options.names or ([] if options.readme else [*COMPARISONS, LIMIT, PEERS])
    for name in names:
        special.get(name, measure)(name)
    write_readme()


if __name__ == "__main__":
    main()
