"""Lines of code of a backend: what someone had to write, without blank lines, comments and docstrings.

A backend is its Python module plus, for a compiled one, the sources of its extension module. Which these
are is said by the ``meson.build`` beside them: those of the module, those of the libraries that it is linked
with, and the headers that they include. What lies in other folders, as the hashes of keys and
``_ext/common``, serves many techniques and counts for none.

Installed packages have no sources of this kind. The build runs this file as a script, which prints the
counts, and keeps them in ``perfpy._build``. In a source tree the sources are counted as they are.
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
#: A call in a ``meson.build`` that has to do with sources, or a list, and the variable that stands for it.
_MESON_CALL = re.compile(
    r"(?:(?P<variable>\w+) (?:\+?=|:) )?(?:(?P<kind>py\.extension_module|static_library|custom_target)\(|\[)"
)
_MESON_WORD = re.compile(r"'(?P<text>[^']*)'|(?P<name>\w+)")
_INCLUDE = re.compile(r'^\s*#\s*include "(\w+\.h)"', re.MULTILINE)


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
    try:
        recipe = (folder / "meson.build").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {
        name: sum(map(_count, files))
        for name, sources in extension_sources(recipe).items()
        if (files := _with_headers(folder, sources))
    }


def extension_sources(recipe: str) -> dict[str, set[str]]:
    """Return the files that each extension module of a ``meson.build`` is made of, libraries included."""
    recipe = re.sub(r"#.*", "", recipe)
    variables: dict[str, set[str]] = {}
    modules: dict[str, set[str]] = {}
    for call in _MESON_CALL.finditer(recipe):
        words = list(_MESON_WORD.finditer(recipe, call.end(), _end_of_call(recipe, call.end())))
        files = {word["text"] for word in words if word["text"] and "." in word["text"]}
        files.update(*(variables.get(word["name"], ()) for word in words if word["name"]))
        if call["kind"] == "py.extension_module":
            modules.setdefault(words[0]["text"] or _python_stem(files), files)
        elif call["variable"]:
            variables.setdefault(call["variable"], set()).update(files)
    return modules


def _python_stem(files: set[str]) -> str:
    """Return the name of a module that a variable has: that of its source in Python or Cython, too."""
    return min(Path(name).stem for name in files if Path(name).suffix in (".py", ".pyx"))


def _end_of_call(recipe: str, start: int) -> int:
    """Return where the bracket is closed that was opened before `start`."""
    depth = 1
    for bracket in re.compile(r"[()\[\]]").finditer(recipe, start):
        depth += 1 if bracket.group() in "([" else -1
        if depth == 0:
            return bracket.start()
    return len(recipe)


def _with_headers(folder: Path, names: set[str]) -> set[Path]:
    """Return those of some files that are in a folder, and all headers there that they include."""
    found: set[Path] = set()
    wanted = [folder / name for name in names]
    while wanted:
        file = wanted.pop()
        if file not in found and file.is_file():
            found.add(file)
            wanted += [folder / name for name in _INCLUDE.findall(file.read_text(encoding="utf-8"))]
    return found


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


def _count(file: Path) -> int:
    source = file.read_text(encoding="utf-8")
    return c_lines(source) if file.suffix in (".c", ".h") else python_lines(source)


if __name__ == "__main__":
    folders = sorted(folder for folder in Path(sys.argv[1]).iterdir() if (folder / "meson.build").exists())
    print(json.dumps({folder.name: extension_lines(folder) for folder in folders if folder.name != "common"}))
