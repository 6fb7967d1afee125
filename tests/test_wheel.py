"""The wheel that an sdist gives has the package, the whole package and nothing but the package."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "perfpy"
GENERATED = {"perfpy/_build.py"}
SHIPPED = {".py", ".pyi", ".typed", ".css", ".js", ".html"}
# Run when the package is built; the extensions of the same names are what is installed.
BUILD_TIME = {"_cffi.py", "_pythran.py"}
EXTENSIONS = {
    "_c",
    "_cffi",
    "_cython",
    "_pythran",
    "_sieve",
    "_count",
    "_count_min",
    "_morris",
    "_arithmetic",
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def distributions(made_once: Callable[[str, Callable[[Path], object]], Path]) -> tuple[Path, Path]:
    """Build an sdist from the tree and a wheel from the sdist, with the tools of this environment."""
    if not (ROOT / ".git").exists():
        pytest.skip("an sdist is made from a git checkout")
    folder = made_once("dist", build)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def build(folder: Path) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", "--skip-dependency-check"]
    # The tools of the environment need not be on the path of who runs its Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*command, "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
        env=os.environ | {"PATH": path},
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]


@pytest.fixture(scope="module")
def names(distributions: tuple[Path, Path]) -> set[str]:
    with zipfile.ZipFile(distributions[1]) as wheel:
        return set(wheel.namelist())


def committed() -> set[str]:
    """Return the files of the package that git knows, as the wheel names them."""
    done = subprocess.run(
        ["git", "ls-files", "src/perfpy"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {line.removeprefix("src/") for line in done.stdout.splitlines()}


def test_wheel_has_every_file_of_the_package(names: set[str]) -> None:
    expected = {name for name in committed() if Path(name).suffix in SHIPPED and not at_build_time(name)}
    assert expected | GENERATED == {name for name in names if Path(name).suffix in SHIPPED}


def at_build_time(name: str) -> bool:
    """Tell whether a file is run when the package is built: the module of its name is what is installed."""
    return name.startswith("perfpy/_ext/") and Path(name).name in BUILD_TIME


def test_wheel_has_nothing_else(names: set[str]) -> None:
    rest = {name for name in names if Path(name).suffix not in SHIPPED}
    extensions = {name for name in rest if name.endswith(".so")}
    modules = {Path(name).name.partition(".")[0] for name in extensions}
    assert {name.removesuffix("_avx2").removesuffix("_avx512") for name in modules} == EXTENSIONS
    assert all(name.startswith("perfpy/_ext/") for name in extensions)
    metadata = rest - extensions
    assert all(re.match(r"perfpy-[\w.]+\.dist-info/", name) for name in metadata), metadata


def test_sdist_is_what_git_has(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as sdist:
        found = {name.partition("/")[2] for name in sdist.getnames()}
    known = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(known.stdout.splitlines()) <= found
    assert not [name for name in found if "__pycache__" in name or name.endswith((".so", ".o"))]


def test_wheel_names_no_path_of_the_machine(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        for name in wheel.namelist():
            assert str(ROOT).encode() not in wheel.read(name), name


def test_extensions_are_portable() -> None:
    """No compiler command was told to use all that the building machine has."""
    for build in (*ROOT.glob("build/*/compile_commands.json"), *ROOT.glob("builddir/compile_commands.json")):
        for entry in json.loads(build.read_text()):
            assert "-march=native" not in entry["command"]
    sources = [*ROOT.glob("meson.build"), *(ROOT / "src").rglob("meson.build"), ROOT / "pyproject.toml"]
    for source in sources:
        assert "march=native" not in source.read_text(), source


def test_wheel_installs_and_works(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(distributions[1]) as wheel:
        wheel.extractall(tmp_path)
    check = f"""
import sys
# An editable installation would rebuild and import the tree.
sys.meta_path[:] = [at for at in sys.meta_path if type(at).__module__ != "_perfpy_editable_loader"]
sys.path.insert(0, {str(tmp_path)!r})
import perfpy
assert perfpy.__file__.startswith({str(tmp_path)!r}), perfpy.__file__
for row in perfpy.backends("julia"):
    if row.available:
        counts = perfpy.julia(50, 50, backend=row.name)
        assert (counts == perfpy.julia(50, 50, backend="python")).all(), row.name
        print(row.name)
"""
    done = subprocess.run([sys.executable, "-c", check], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"cython", "pythran", "cffi", "c"} <= set(done.stdout.split())
