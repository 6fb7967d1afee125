import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfpy import _build
from perfpy.lab import lines
from perfpy.techniques import find, names

PYTHON = '''"""Docstring
of two lines."""

import os  # counted


def f(
    a,
):
    """Docstring."""
    # comment
    text = """kept
    because it is assigned"""
    return text
'''

C = r"""/* comment
   of two lines */
#include <x.h>  // counted

static const char *text = "/* not a comment // */";
int f(void) { return '"'; } /* trailing
*/ int g;
"""


def test_python_without_blank_lines_comments_and_docstrings():
    assert lines.python_lines(PYTHON) == 7


def test_cython_is_counted_as_python():
    assert (
        lines.python_lines("cimport x\n\ncdef int f(double[::1] a) nogil:\n    # no\n    return <int>a[0]\n")
        == 3
    )


def test_c_without_blank_lines_and_comments():
    assert lines.c_lines(C) == 4


RECIPE = """
variants = []
foreach isa, flags : isa_flags
  variants += static_library('variant_' + isa, 'kernel.c', c_args: ['-DNAME=kernel.f'])  # not 'other.c'
  foreach source : ['more.c']
    variants += static_library(fs.stem(source), source)
  endforeach
endforeach
library = static_library('library', 'unseen.c', link_with: variants)
link = [variants, common]
py.extension_module('_c', 'module.c', link_with: link, dependencies: [py_dep])
cffi = custom_target('cffi', input: '_cffi.py', output: '_cffi.c')
py.extension_module('_cffi', cffi, include_directories: include_directories('.'), link_with: link)
py.extension_module('_other', 'other.c', link_with: [common])
foreach isa, flags : isa_flags
  name = isa == 'baseline' ? '_cython' : '_cython_' + isa
  py.extension_module(name, '_cython.pyx', cython_args: ['-3', '--module-name', name])
endforeach
"""


@pytest.fixture
def extension(tmp_path):
    """The sources of a technique: kernel of 3 + 1 + 1, C modules of 2 and 1, 3 of cffi, 4 of Cython."""
    folder = tmp_path / "_ext" / "puzzle"
    folder.mkdir(parents=True)
    (folder / "meson.build").write_text(RECIPE)
    (folder / "kernel.h").write_text("int f(void);\n")
    (folder / "kernel.c").write_text('#include "kernel.h"\n#include "../common/isa.h"\na\n')
    (folder / "more.c").write_text("a\n")
    (folder / "unseen.c").write_text("a\n" * 100)
    (folder / "module.c").write_text('#include "kernel.h"\nb\n')
    (folder / "other.c").write_text("a\n")
    (folder / "_cffi.py").write_text("a\nb\nc\n")
    (folder / "_cython.pyx").write_text("a\nb\nc\nd\n")
    return folder


COUNTS = {"_cython": 4, "_cffi": 3 + 5, "_c": 2 + 5, "_other": 1}


def test_bindings_share_the_kernel(extension):
    assert lines.extension_lines(extension) == COUNTS


def test_run_as_a_script_it_prints_the_table(extension):
    command = [sys.executable, "-I", lines.__file__, str(extension.parent)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == {"puzzle": COUNTS}


@pytest.mark.parametrize(
    "backend",
    [backend for name in names() for backend in find(name).table.values() if not backend.peer],
    ids=lambda b: b.target,
)
def test_every_backend_has_lines(backend):
    counted = lines.backend_lines(backend.target, backend.extension)
    assert counted > 50 if backend.extension else counted >= 1


def test_every_source_of_an_extension_is_counted_somewhere():
    """Headers that are only for other folders, and what serves all techniques, aside."""
    for recipe in sorted(Path(lines.__file__).parents[1].glob("_ext/*/meson.build")):
        folder = recipe.parent
        if folder.name != "common":
            made = lines.extension_sources(recipe.read_text(encoding="utf-8")).values()
            counted = {file.name for names in made for file in lines._with_headers(folder, names)}
            assert {file.name for file in folder.glob("*.c")} <= counted
            assert {file.name for file in folder.glob("*.pyx")} <= counted


def test_function_counts_alone():
    def kernel(x):
        # no
        return x

    assert lines.backend_lines(kernel, None) == 2


def test_no_source_no_count():
    assert lines.backend_lines("math:sqrt", None) is None
    assert lines.backend_lines(len, None) is None
    assert lines.backend_lines("no_such_module:f", None) is None


def test_build_keeps_the_counts_for_installations_without_sources(monkeypatch):
    monkeypatch.setattr(lines, "extension_lines", lambda folder: {})
    kept = lines._extension_count(find("julia").table["c"].extension)
    assert kept == _build.LINES_OF_CODE["julia"]["_c"] > 100
    assert lines._extension_count("perfpy._ext.julia._unknown") is None


def test_c_and_cffi_count_the_kernel_they_share():
    table = find("julia").table
    counts = {name: lines.backend_lines(table[name].target, table[name].extension) for name in table}
    assert min(counts["c"], counts["cffi"]) > counts["cython"] > counts["python"] / 4 > 0
