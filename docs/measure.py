"""Measures everything that the pages and README quote, and writes it to ``docs/data``.

    python docs/measure.py                # everything, about twenty minutes; the machine should be idle
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
from perfpy import techniques  # noqa: E402
from perfpy.lab.machine import machine  # noqa: E402

COMPILED = ["numba", "cython", "pythran", "cffi", "c"]
#: Data set to the technique and the arguments of `perfpy.compare`.
COMPARISONS: dict[str, tuple[str, dict[str, Any]]] = {
    "julia-book": ("julia", {"workload": "book"}),
    "julia-book-threads": ("julia", {"workload": "book", "executor": "threads:2"}),
    "julia-large": ("julia", {"workload": "large"}),
    "julia-rabbit": ("julia", {"workload": "rabbit", "backends": COMPILED}),
    "julia-seahorse": ("julia", {"workload": "seahorse", "backends": COMPILED}),
    "diffuse-small": ("diffuse", {"workload": "small"}),
    "diffuse-book": ("diffuse", {"workload": "book"}),
    "diffuse-book-threads": (
        "diffuse",
        {"workload": "book", "executor": "threads:2", "backends": ["numpy", *COMPILED]},
    ),
    "diffuse-single": ("diffuse", {"workload": "single", "backends": ["numpy", *COMPILED]}),
    "diffuse-large": ("diffuse", {"workload": "large", "backends": ["numpy", *COMPILED]}),
    "diffuse-large-threads": (
        "diffuse",
        {"workload": "large", "executor": "threads:2", "backends": ["numpy", *COMPILED]},
    ),
    "diffuse-line": ("diffuse", {"workload": "line", "backends": ["numpy", *COMPILED]}),
    "diffuse-volume": ("diffuse", {"workload": "volume", "backends": ["numpy", *COMPILED]}),
    "diffuse-variable": ("diffuse", {"workload": "variable"}),
    "diffuse-spectral": ("diffuse", {"workload": "spectral"}),
    "diffuse-implicit": ("diffuse", {"workload": "implicit"}),
    "primes-small": ("primes", {"workload": "small"}),
    "primes-book": ("primes", {"workload": "book"}),
    "primes-large": ("primes", {"workload": "large"}),
    "primes-large-threads": (
        "primes",
        {
            "workload": "large",
            "executor": "threads:2",
            "backends": ["numpy", "numba", "cython", "pythran", "c"],
        },
    ),
    "primes-window": ("primes", {"workload": "window"}),
    "count_primes-large": ("count_primes", {"workload": "large"}),
    "count_primes-window": ("count_primes", {"workload": "window"}),
    "nth_prime-large": ("nth_prime", {"workload": "large"}),
    "is_prime-small": ("is_prime", {"workload": "small"}),
    "is_prime-book": ("is_prime", {"workload": "book"}),
    "prime_factors-large": ("prime_factors", {"workload": "large"}),
    "twin_primes-large": ("twin_primes", {"workload": "large"}),
    "estimate_pi-small": ("estimate_pi", {"workload": "small"}),
    "estimate_pi-book": ("estimate_pi", {"workload": "book"}),
    "estimate_pi-large": ("estimate_pi", {"workload": "large"}),
    "count_min-small": ("count_min", {"workload": "small"}),
    "count_min-large": ("count_min", {"workload": "large"}),
    "hyperloglog-book": ("hyperloglog", {"workload": "book"}),
    "hyperloglog-large": ("hyperloglog", {"workload": "large"}),
    "exaloglog-book": ("exaloglog", {"workload": "book"}),
    "exaloglog-large": ("exaloglog", {"workload": "large"}),
    "bloom-book": ("bloom_filter", {"workload": "book"}),
    "bloom-large": ("bloom_filter", {"workload": "large"}),
    "trie-book": ("trie", {"workload": "book"}),
    "trie-paths": ("trie", {"workload": "paths"}),
}
LIMIT = "julia-limit"
SHARING = "ipc"
#: Data set to the technique and the arguments of `perfpy.lab.scaling`.
SCALINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "scaling-estimate_pi": ("estimate_pi", {"executor": "processes", "workload": "large"}),
    "scaling-julia": ("julia", {"executor": "threads", "workload": "large"}),
    "scaling-primes": ("primes", {"executor": "threads", "workload": "large"}),
}
#: Data set to the arguments of ``benchmarks/ratios.py``, which prints a table.
PEERS = {
    "julia-peers": ["julia"],
    "diffuse-peers": ["diffuse", "--rounds", "3", "--case", "2 threads"],
    "primes-peers-list": ["primes", "--rounds", "3", "--case", "list"],
    "primes-peers-count": ["primes", "--rounds", "5", "--case", "count", "number"],
    "primes-peers-test": ["primes", "--rounds", "5", "--case", "tests", "iterate"],
    "estimate_pi-peers": ["estimate_pi", "--rounds", "5"],
    "hyperloglog-peers": ["hyperloglog", "--rounds", "7"],
    "bloom-peers-arrays": ["bloom_filter", "--rounds", "5", "--case", "array"],
    "bloom-peers-lists": ["bloom_filter", "--rounds", "5", "--case", "list"],
    "bloom-peers-single": [
        *("bloom_filter", "--rounds", "5", "--case"),
        *(f"10**6 {kind}, one by one" for kind in ("str", "int", "lines")),
    ],
    "trie-peers": ["trie", "--rounds", "3"],
}
#: Data set to the program in ``docs/limits`` that prints its table, and its arguments.
PROGRAMS = {
    "diffuse-limit": "diffusion.c",
    "diffuse-numpy": "diffusion_numpy.py",
    "diffuse-growth": "diffusion_growth.py",
    "estimate_pi-grid": "pi_grid.c",
    "estimate_pi-workers": "pi_workers.py",
    "start-costs": "start_costs.py",
    "executors-checks": "executors_checks.py",
    "executors-overhead": "executors_overhead.py",
    "scaling-error": "scaling_error.py",
    "executor-efficiency": "executor_efficiency.py",
    "primes-limit": "primes_limit.py",
    "primes-chunks": "primes_chunks.py",
    "primes-early-exit": "primes_early_exit.py",
    "count_min-error": "count_min_error.py",
    "cardinality-book": "cardinality_book.py",
    "cardinality-cost": "cardinality_cost.py",
    "cardinality-error": "cardinality_error.py",
    "cardinality-hyperloglog": "cardinality_hyperloglog.py",
    "bloom-error": "bloom_error.py",
    "trie-sizes": "trie_sizes.py",
    "trie-experiment": "trie_experiment.py words paths",
    "trie-experiment-tokens": "trie_experiment.py tokens",
    "trie-experiment-small": "trie_experiment.py words:300000 words:1000",
    "jobs-rate": "jobs_rate.py",
    "jobs-servers": "jobs_servers.py",
}
README_DATA = "julia-book"


def julia_steps(arguments: dict[str, Any]) -> int:
    """Count the steps that a Julia set asks for."""
    return int(np.sum(perfpy.julia(**arguments), dtype=np.int64))


def diffuse_steps(arguments: dict[str, Any]) -> int:
    """Count the cells that steps of a field compute."""
    return int(np.size(arguments["field"]) * arguments["steps"])


def numbers_between(arguments: dict[str, Any]) -> int:
    """Count the numbers of an interval."""
    return int(arguments["stop"] - arguments["start_or_stop"])


def numbers_given(arguments: dict[str, Any]) -> int:
    """Count the numbers that are passed."""
    return int(np.size(arguments["n"]))


def points_asked_for(arguments: dict[str, Any]) -> int:
    """Count the random points."""
    return int(arguments["samples"])


def keys_added(arguments: dict[str, Any]) -> int:
    """Count the keys that a sketch is made of."""
    return len(arguments["items"])


def keys_given(arguments: dict[str, Any]) -> int:
    """Count the keys that a trie is made of."""
    return len(arguments["keys"])


STEPS = {
    "estimate_pi": points_asked_for,
    "julia": julia_steps,
    "diffuse": diffuse_steps,
    **dict.fromkeys(("primes", "count_primes", "twin_primes"), numbers_between),
    **dict.fromkeys(("nth_prime", "is_prime", "prime_factors"), numbers_given),
    "trie": keys_given,
    **dict.fromkeys(("bloom_filter", "count_min", "hyperloglog", "exaloglog"), keys_added),
}


def measure(name: str) -> None:
    """Run one comparison, and count the steps that its workload asks for."""
    technique, arguments = COMPARISONS[name]
    comparison = perfpy.compare(technique, **arguments)
    print(comparison)
    if not comparison.ok:
        raise SystemExit(f"{name}: a backend failed; nothing was written")
    workload = next(item for item in techniques.workloads(technique) if item.name == arguments["workload"])
    content = {
        "command": _command(technique, arguments),
        "steps": STEPS[technique](dict(workload.arguments())),
        "comparison": json.loads(comparison.to_json()),
    }
    store(name, content)


def _command(technique: str, arguments: dict[str, Any]) -> str:
    """Return what does the same in a shell."""
    options = (
        f"--{key} {','.join(value) if key == 'backends' else value}" for key, value in arguments.items()
    )
    return f"perfpy compare {technique} {' '.join(options)}"


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
    command = ["python", "benchmarks/ratios.py", *PEERS[name]]
    script = HERE.parent / command[1]
    result = subprocess.run(
        [sys.executable, str(script), *PEERS[name]], check=True, capture_output=True, text=True
    )
    lines = [line.strip("| ").split(" | ") for line in result.stdout.splitlines() if line.startswith("|")]
    bold = re.compile(r"\*\*([\d.]+)\*\*")
    header, _, *cells = ([bold.sub(r"\1", cell).strip() for cell in line] for line in lines)
    used = [k for k in range(len(header)) if any(line[k] != "-" for line in cells)]  # peers of these cases
    header, *cells = ([line[k] for k in used] for line in (header, *cells))
    store(name, {**_origin(" ".join(command)), "header": header, "cells": cells})


def measure_program(name: str, compiler: str = "cc") -> None:
    """Run a program of ``docs/limits``, compiled for this machine if it is in C, and keep its table."""
    program, *arguments = PROGRAMS[name].split()
    source = HERE / "limits" / program
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(source), *arguments]
        if source.suffix == ".c":
            command = [str(Path(folder) / "program")]
            flags = ["-O3", "-march=native", "-mprefer-vector-width=512", "-ffp-contract=off"]
            subprocess.run([compiler, *flags, str(source), "-o", *command], check=True)
        result = subprocess.run(command, check=True, capture_output=True, text=True)
    store(name, {**_origin(f"docs/limits/{PROGRAMS[name]}"), **json.loads(result.stdout)})


def measure_sharing(name: str) -> None:
    """Measure what sharing between processes costs."""
    rounds = 21
    report = perfpy.lab.ipc(rounds=rounds)
    print(report)
    store(name, {"command": f"perfpy ipc --rounds {rounds}", "report": report.to_dict()})


def measure_scaling(name: str) -> None:
    """Predict how a technique scales."""
    technique, arguments = SCALINGS[name]
    found = perfpy.lab.scaling(technique, **arguments)
    print(found)
    options = " ".join(f"--{key} {value}" for key, value in arguments.items())
    store(name, {"command": f"perfpy scaling {technique} {options}", "scaling": found.to_dict()})


def _origin(command: str) -> dict[str, str]:
    return {"command": command, "machine": machine().cpu, "date": date.today().isoformat()}


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
    special = {LIMIT: measure_limit, SHARING: measure_sharing, **dict.fromkeys(PEERS, measure_peers)}
    special |= dict.fromkeys(PROGRAMS, measure_program) | dict.fromkeys(SCALINGS, measure_scaling)
    everything = [*COMPARISONS, *special]
    parser.add_argument("names", nargs="*", choices=[*everything, []], metavar="NAME")
    parser.add_argument("--readme", action="store_true", help="only put the present figures into README.md")
    options = parser.parse_args()
    for name in options.names or ([] if options.readme else everything):
        special.get(name, measure)(name)
    write_readme()


if __name__ == "__main__":
    main()
