"""The command ``perfpy``, also as ``python -m perfpy``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, or say what it needs."""
    try:
        import click  # noqa: F401
        import rich  # noqa: F401
    except ImportError as missing:
        sys.exit(
            f"The perfpy command needs the package {missing.name!r}; install it with: "
            'pip install "perfpy[cli]"'
        )
    from perfpy.cli import command

    command(prog_name="perfpy")


if __name__ == "__main__":
    main()
