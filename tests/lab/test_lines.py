import json
import subprocess
import sys

import pytest

from perfpy import _build
from perfpy.lab import lines
from perfpy.techniques import find

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


@pytest.fixture
def extension(tmp_path):
    """The sources of a technique: 1 line of kernel, 2 of C module, 3 of cffi, 4 of Cython."""
    folder = tmp_path / "_ext" / "puzzle"
    folder.mkdir(parents=True)
    (folder / "meson.build").touch()
    (folder / "kernel.h").write_text("int f(void);\n")
    (folder / "module.c").write_text("a\nb\n")
    (folder / "_cffi.py").write_text("a\nb\nc\n")
    (folder / "_cython.pyx").write_text("a\nb\nc\nd\n")
    return folder


def test_bindings_share_the_kernel(extension):
    assert lines.extension_lines(extension) == {"_cython": 4, "_cffi": 3 + 1, "_c": 2 + 1}


def test_run_as_a_script_it_prints_the_table(extension):
    command = [sys.executable, "-I", lines.__file__, str(extension.parent)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(printed) == {"puzzle": {"_cython": 4, "_cffi": 4, "_c": 3}}


@pytest.mark.parametrize("backend", list(find("julia").table.values()), ids=lambda b: b.name)
def test_every_backend_has_lines(backend):
    counted = lines.backend_lines(backend.target, backend.extension)
    assert counted > 5 if backend.extension else counted >= 1


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
