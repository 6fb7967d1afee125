"""Feeds the loaders with altered files for as long as is wanted, and says what they did.

    python tests/fuzz/run.py --seconds 600            # new mutations each time
    python tests/fuzz/run.py --seconds 60 --keep      # and keeps inputs that do something new in the corpus
    python tests/fuzz/run.py --replay FILE            # tries one input with every loader

What is found is written to a file, with the seed, and ends the program with status 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from campaign import FAMILIES, Campaign, keep
from structures import judge

STEPS_PER_TURN = 200


def replay(path: Path) -> None:
    """Try one input with every loader."""
    data = path.read_bytes()
    for family in FAMILIES.values():
        for verify in (True, False):
            print(f"{family.name}, verify={verify}: {judge(family, data, verify=verify)}")


def fuzz(seconds: float, seed: int, keeping: bool) -> int:
    """Let the loaders take turns; return how many failed."""
    campaigns = [Campaign(family, seed) for family in FAMILIES.values()]
    failed: set[str] = set()
    steps, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and len(failed) < len(campaigns):
        for campaign in campaigns:
            name = campaign.family.name
            for _ in range(STEPS_PER_TURN if name not in failed else 0):
                try:
                    new = campaign.step()
                except Exception:
                    traceback.print_exc()
                    path = keep(name, campaign.last, Path(tempfile.gettempdir()) / "perfpy-fuzz")
                    print(f"seed {seed}: {name} failed on {path}", file=sys.stderr)
                    failed.add(name)
                    break
                if new is not None and keeping and len(new) < 3000:
                    keep(name, new)
                steps += 1
    for campaign in campaigns:
        print(f"{campaign.family.name}: {len(campaign.outcomes)} different outcomes")
    print(f"{steps:,} inputs with seed {seed}, {len(failed)} loaders failed")
    return len(failed)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Fuzz the loaders.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="of the mutations; the clock's if left out")
    parser.add_argument("--keep", action="store_true", help="keep inputs that do something new")
    parser.add_argument("--replay", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.replay is not None:
        replay(options.replay)
        return
    seed = time.time_ns() if options.seed is None else options.seed
    sys.exit(fuzz(options.seconds, seed, options.keep) > 0)


if __name__ == "__main__":
    main()
