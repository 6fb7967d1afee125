"""The command ``perfpy``, also as ``python -m perfpy``."""

from __future__ import annotations

import importlib.util
import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    for package in ("click", "rich"):
        if importlib.util.find_spec(package) is None:
            sys.exit(f'perfpy needs the package {package!r} here; install it with: pip install "perfpy[cli]"')
    from perfpy.cli import command

    command(prog_name="perfpy")


if __name__ == "__main__":
    main()
