"""The command line as a shell user meets it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

FAKES = Path(__file__).parent / "lab"
PROC = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")


def perfpy(*arguments, cwd=FAKES, **options):
    command = [sys.executable, "-P", "-m", "perfpy", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, **options)


def compare(*arguments, **options):
    return perfpy("compare", "julia", "--workload", "tiny", "--rounds", "3", *arguments, **options)


def test_compare_prints_a_table_and_leaves_with_0():
    run = compare("--backends", "numpy,c")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[2].split()[:3] == ["backend", "verdict", "time"]
    assert [line.split()[:2] for line in lines[3:6]] == [
        ["python", "reference"],
        ["numpy", "equal"],
        ["c", "equal"],
    ]
    assert "All 3 results are equal." in run.stdout
    assert run.stderr == ""  # no progress bar where there is no terminal


@pytest.mark.parametrize(
    ("backend", "verdict"), [("wrong", "differs (7)"), ("segfault", "crashed"), ("mutates", "mutates input")]
)
def test_compare_leaves_with_1_when_something_is_wrong(backend, verdict):
    run = compare("--backends", backend, "--add", f"{backend}=fake_backends:{backend}")
    assert run.returncode == 1
    assert verdict in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_compare_writes_every_kind_of_report(tmp_path):
    pytest.importorskip("matplotlib")
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "html", "svg")}
    written = ["--json", files["json"], "--html", files["html"], "--plot", files["svg"]]
    run = compare("--backends", "c", "--markdown", *written)
    assert run.returncode == 0, run.stderr
    assert "| python | reference |" in run.stdout
    content = json.loads(files["json"].read_text())
    assert [row["name"] for row in content[0]["rows"]] == ["python", "c"]
    assert content[0]["schema"] == 1
    assert files["html"].read_text().startswith("<!DOCTYPE html>")
    assert "<svg" in files["svg"].read_text()
    assert len(list(tmp_path.iterdir())) == 3  # no temporary file is left


def test_compare_writes_json_to_standard_output_and_the_table_beside_it():
    run = compare("--backends", "c", "--json", "-")
    assert json.loads(run.stdout)[0]["technique"] == "julia"
    assert "speed-up" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "juila"], "did you mean 'julia'"),
        (["compare", "--backends", "numbaa"], "did you mean 'numba'"),
        (["compare", "--workload", "huge"], "unknown workload 'huge'"),
        (["compare", "--executor", "threds"], "executor"),
        (["compare", "--timeout", "0"], "timeout must be more than 0"),
        (["compare", "--rounds", "x"], "'x' is not a valid integer"),
        (["compare", "--html", "no/such/folder/r.html"], "there is no directory"),
        (["compare", "julia", "--add", "mine"], "NAME=MODULE:FUNCTION"),
        (["compare", "julia", "--add", "python=m:f"], "cannot be replaced"),
        (["backends", "juila"], "did you mean 'julia'"),
        (["julia", "--c", "one"], "'one' is not a complex number"),
        (["julia", "--backend", "numbaa"], "did you mean 'numba'"),
        (["julia", "--zoom", "0"], "zoom must be a number above 0"),
        (["julia", "--width", "0"], "0 is not in the range"),
        (["nonsense"], "No such command"),
    ],
)
def test_mistakes_are_one_message_and_status_2(arguments, message):
    run = perfpy(*arguments)
    assert run.returncode == 2
    assert message in " ".join(run.stderr.split())
    assert "Traceback" not in run.stderr


def test_a_broken_setting_is_a_message():
    run = perfpy("julia", "--width", "9", env={**os.environ, "PERFPY_ISA": "mmx"})
    assert run.returncode == 2
    assert "mmx" in run.stderr
    assert "Traceback" not in run.stderr


def test_backends_lists_all():
    run = perfpy("backends", "julia")
    assert run.returncode == 0
    for name in ("python", "numpy", "numba", "cython", "cffi"):
        assert f"julia      {name}" in run.stdout


@pytest.mark.parametrize(
    "command", [["backends"], ["compare", "julia", "--workload", "tiny", "--backends", "ghost"]]
)
def test_what_is_missing_is_listed_with_the_remedy(command):
    code = (
        "import sys\n"
        "from perfpy._dispatch import Backend\n"
        "from perfpy.cli import command\n"
        "from perfpy.techniques import find\n"
        "find('julia').register(Backend('ghost', 'ghost:f', package='no_such_package', extra='ghosts'))\n"
        "command()"
    )
    run = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert re.search(r"ghost +missing", run.stdout)
    assert 'install it with: pip install "perfpy[ghosts]"' in " ".join(run.stdout.split())


def test_info_says_what_was_built():
    run = perfpy("info")
    assert run.returncode == 0
    assert "baseline" in run.stdout
    assert "compiler" in run.stdout


def test_julia_counts():
    run = perfpy("julia", "--width", 100, "--height", 50, "--max-iterations", 100)
    assert run.returncode == 0
    assert "100 x 50" in run.stdout
    assert "smallest, largest  0, 100" in run.stdout


def test_julia_draws(tmp_path):
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "set.png"
    run = perfpy("julia", "-o", file, "--width", 120, "--height", 80, "--c", "-0.12+0.74i")
    assert run.returncode == 0, run.stderr
    with image.open(file) as picture:
        assert (picture.size, picture.mode) == ((120, 80), "RGB")
        middle, corner = picture.getpixel((60, 40)), picture.getpixel((0, 0))
        colours = len(picture.getcolors(120 * 80))
    assert sum(middle) < 30 < sum(corner)  # the interior is dark
    assert colours > 500  # bands are blended
    assert perfpy("julia", "-o", tmp_path / "set.doc", "--width", 9).returncode == 2
    assert perfpy("julia", "-o", file, "--width", 9, "--colors", "no such map").returncode == 2


def test_help_is_quick():
    heavy = ["numpy", "rich", "matplotlib", "multiprocessing", "PIL"]
    code = (
        "import sys; sys.argv = ['perfpy', '--help']\n"
        "from perfpy.__main__ import main\n"
        "try: main()\n"
        f"finally: print('loaded:', [name for name in {heavy} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "compare" in run.stdout
    assert run.stdout.splitlines()[-1] == "loaded: []"


@pytest.mark.parametrize("package", ["click", "rich"])
def test_without_its_packages_the_remedy_is_named(package):
    code = (
        "import importlib.util\n"
        "found = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda name: None if name == {package!r} else found(name)\n"
        "from perfpy.__main__ import main\n"
        "main()"
    )
    run = subprocess.run([sys.executable, "-c", code, "info"], capture_output=True, text=True)
    assert run.returncode == 1
    assert f"needs the package {package!r} here" in run.stderr
    assert run.stderr.strip().endswith('pip install "perfpy[cli]"')


def parent(pid):
    """Return the parent of a process, or None if the process has ended."""
    with contextlib.suppress(OSError):
        state, number = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        return None if state == "Z" else int(number)
    return None


def worker_of(process):
    """Return the process that runs a backend for this one, or None between two of them."""
    numbers = (int(file.name) for file in Path("/proc").glob("[0-9]*"))
    return next((number for number in numbers if parent(number) == process.pid), None)


@pytest.mark.alone
@PROC
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)],
)
def test_interrupted_it_leaves_no_process_behind(number, status):
    command = [
        sys.executable,
        "-P",
        "-m",
        "perfpy",
        "compare",
        "julia",
        "--workload",
        "tiny",
        "--rounds",
        "1",
    ]
    command += ["--backends", "hang", "--add", "hang=fake_backends:hang"]
    with subprocess.Popen(
        command, cwd=FAKES, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            seen = []
            while len(seen) < 2:  # the reference comes first, then the backend
                assert process.poll() is None
                found = worker_of(process)
                seen += [found] if found is not None and found not in seen else []
                time.sleep(0.02)
            time.sleep(0.5)  # it hangs by now
            started = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate(timeout=10)
            assert time.monotonic() - started < 2
        finally:
            process.kill()
    assert process.returncode == status
    assert "Traceback" not in errors
    deadline = time.monotonic() + 2
    while parent(seen[1]) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert parent(seen[1]) is None
