"""Feeds the loaders with altered files, guided by which lines of perfpy they reach: needs atheris.

    python tests/fuzz/guided.py --seconds 600

The mutations are those of ``run.py``; what atheris adds is which of them are worth altering further.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))

with atheris.instrument_imports(include=["perfpy"]):
    import perfpy._container
    import perfpy._sketch
    import perfpy.techniques.bloom
    import perfpy.techniques.cardinality
    import perfpy.techniques.counting
    import perfpy.techniques.trie  # noqa: F401  # instrumented, whoever imports it later

from campaign import FAMILIES, kept
from mutations import mutate
from structures import judge

NAMES = sorted(FAMILIES)


def try_one(data: bytes) -> None:
    """Try an input whose first byte says with which loader."""
    if data:
        family = FAMILIES[NAMES[data[0] % len(NAMES)]]
        for verify in (True, False):
            judge(family, data[1:], verify=verify)


def altered(data: bytes, longest: int, seed: int) -> bytes:
    """Alter an input, but for its first byte."""
    changed = mutate(random.Random(seed), data[1:], data[1:])
    return (data[:1] or b"\0") + changed[: longest - 1]


def main() -> None:
    """Begin with the corpus and the seeds, and go on for as long as the command line says."""
    parser = argparse.ArgumentParser(description="Fuzz the loaders with atheris.")
    parser.add_argument("--seconds", type=int, default=60)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(NAMES):
            inputs = [*FAMILIES[name].seeds(), *(path.read_bytes() for path in kept(name))]
            for index, data in enumerate(inputs):
                (Path(folder) / f"{name}-{index}").write_bytes(bytes([number]) + data)
        options = [sys.argv[0], f"-max_total_time={seconds}", "-max_len=8192", "-print_final_stats=1", folder]
        atheris.Setup(options, try_one, custom_mutator=altered)
        atheris.Fuzz()  # which ends the process


if __name__ == "__main__":
    main()
