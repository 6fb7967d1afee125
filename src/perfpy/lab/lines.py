"""Lines of code of a backend: what someone had to write, without blank lines, comments and docstrings.

A backend is its Python module plus, for a compiled one, the sources of its extension module:
``_cython.pyx``, ``_pythran.py``, ``_cffi.py``, or ``module*.c`` for ``_c``. ``_c`` and ``_cffi`` bind the
same C kernel, so that all other C files of the technique count for both; ``_ext/common``, which serves every
technique, counts for none.

Installed packages have no C sources. The build runs this file as a script, which prints the counts, and keeps
them in ``perfpy._build``. In a source tree the sources are counted as they are.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import json
import re
import sys
import tokenize
from collections.abc import Callable
from pathlib import Path

Address = str
_LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
#: A string or character literal (kept), or a comment (dropped).
_C_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)
_BINDINGS = {
    "_cython": ("_cython.pyx",),
    "_pythran": ("_pythran.py",),
    "_cffi": ("_cffi.py",),
    "_c": ("module*.c",),
}
_OVER_C_KERNEL = ("_cffi", "_c")


def python_lines(source: str) -> int:
    """Count the lines of code of Python or Cython source."""
    counted: set[int] = set()
    statement: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            if any(part.type != tokenize.STRING for part in statement):  # a lone string is a docstring
                counted.update(line for part in statement for line in range(part.start[0], part.end[0] + 1))
            statement = []
        elif token.type not in _LAYOUT:
            statement.append(token)
    return len(counted)


def c_lines(source: str) -> int:
    """Count the lines of code of C source."""

    def keep(match: re.Match[str]) -> str:
        text = match.group()
        return text if text[0] != "/" else "\n" * text.count("\n")

    return sum(bool(line.strip()) for line in _C_TOKEN.sub(keep, source).splitlines())


def extension_lines(folder: Path) -> dict[str, int]:
    """Count for each extension module of a technique's ``_ext`` folder what its sources there are."""
    bindings = {name: _files(folder, patterns) for name, patterns in _BINDINGS.items()}
    own = {file for files in bindings.values() for file in files}
    kernel = [file for file in _files(folder, ("*.c", "*.h")) if file not in own]
    counts = {}
    for name, files in bindings.items():
        if files:
            counts[name] = sum(map(_count, files + kernel * (name in _OVER_C_KERNEL)))
    return counts


def backend_lines(target: Address | Callable[..., object], extension: Address | None) -> int | None:
    """Count a backend's lines of code; None where no source can be found.

    Parameters
    ----------
    target : str or callable
        ``"module:attribute"``: the whole module counts; of a function, only itself.
    extension : str, optional
        The compiled module of perfpy behind it.
    """
    try:
        if isinstance(target, str):
            lines = _module_lines(target.partition(":")[0])
        else:
            lines = python_lines(inspect.cleandoc("\n" + inspect.getsource(target)))
    except (OSError, TypeError, ImportError, SyntaxError, tokenize.TokenError):
        return None
    compiled = _extension_count(extension) if extension else 0
    return None if lines is None or compiled is None else lines + compiled


def _module_lines(module: str) -> int | None:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return python_lines(Path(spec.origin).read_text(encoding="utf-8"))


def _extension_count(extension: str) -> int | None:
    """Count the sources of ``perfpy._ext.FOLDER.NAME``, or look the count up where they are not installed."""
    package, _, name = extension.rpartition(".")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    counts = extension_lines(folder)
    if name not in counts:
        from perfpy import _build  # not above: the build runs this file before there is a package

        counts = _build.LINES_OF_CODE.get(folder.name, {})
    return counts.get(name)


def _files(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(file for pattern in patterns for file in folder.glob(pattern))


def _count(file: Path) -> int:
    source = file.read_text(encoding="utf-8")
    return c_lines(source) if file.suffix in (".c", ".h") else python_lines(source)


if __name__ == "__main__":
    folders = sorted(folder for folder in Path(sys.argv[1]).iterdir() if (folder / "meson.build").exists())
    print(json.dumps({folder.name: extension_lines(folder) for folder in folders if folder.name != "common"}))
