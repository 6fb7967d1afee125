"""``perfpy diffuse`` as a shell user meets it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import perfpy

pytest.importorskip("click")
pytest.importorskip("rich")

COMMAND = [sys.executable, "-P", "-m", "perfpy", "diffuse", "--backend", "numpy"]


def run(*arguments, cwd=None):
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def done(*arguments, cwd=None):
    process = run(*arguments, cwd=cwd)
    assert process.returncode == 0, process.stderr
    return process


@pytest.fixture
def noise(tmp_path):
    field = np.random.default_rng(0).random((12, 9))
    np.save(tmp_path / "noise.npy", field)
    return field


def facts(process):
    return {line[:18].strip(): line[19:] for line in process.stdout.splitlines()}


def test_the_book_s_square_is_the_default():
    said = facts(done())
    assert said["cells"] == "640 x 640"
    assert said["sum"] == "20.48"
    assert said["smallest, largest"] == "0, 0.00498596"


def test_values_are_those_of_the_function(tmp_path, noise):
    done("noise.npy", "-o", "after.npy", "--steps", 30, "--dt", 0.2, "--diffusivity", 0.5, cwd=tmp_path)
    expected = perfpy.diffuse(noise, 30, dt=0.2, diffusivity=0.5, backend="numpy")
    np.testing.assert_array_equal(np.load(tmp_path / "after.npy"), expected)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["after.npy", "noise.npy"]


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("neumann", "neumann"),
        ("neumann,periodic", ("neumann", "periodic")),
        ("dirichlet=2", ("dirichlet", 2.0)),
        ("dirichlet=-1e-3/neumann,periodic", ((("dirichlet", -1e-3), "neumann"), "periodic")),
        ("dirichlet/neumann", (("dirichlet", "neumann"), ("dirichlet", "neumann"))),
    ],
)
def test_boundary(tmp_path, noise, text, boundary):
    done("noise.npy", "-o", "after.npy", "--steps", 3, "--boundary", text, cwd=tmp_path)
    expected = perfpy.diffuse(noise, 3, boundary=boundary, backend="numpy")
    np.testing.assert_array_equal(np.load(tmp_path / "after.npy"), expected)


@pytest.mark.parametrize("shape", [(30,), (4, 5, 3)])
def test_fields_that_no_picture_shows_can_be_computed(tmp_path, shape):
    np.save(tmp_path / "field.npy", np.ones(shape))
    assert facts(done("field.npy", cwd=tmp_path))["cells"] == " x ".join(map(str, shape[::-1]))
    process = run("field.npy", "-o", "field.png", cwd=tmp_path)
    assert (process.returncode, f"not of a {len(shape)}-D one" in process.stderr) == (2, True)


def test_pictures(tmp_path):
    image = pytest.importorskip("PIL.Image")
    done("-o", "disc.png", "--shape", "disc", "--width", 40, "--height", 30, "--steps", 20, cwd=tmp_path)
    with image.open(tmp_path / "disc.png") as picture:
        assert (picture.size, picture.mode) == ((40, 30), "RGB")
        middle, corner = picture.getpixel((20, 15)), picture.getpixel((0, 0))
    assert sum(middle) > 600 > 150 > sum(corner)


@pytest.mark.parametrize("name", ["move.gif", "move.png", "move.webp"])
def test_animations_go_from_the_first_field_to_the_last(tmp_path, name):
    image = pytest.importorskip("PIL.Image")
    done("-o", name, "--shape", "point", "--width", 24, "--steps", 40, "--frames", 5, cwd=tmp_path)
    done("-o", "first.png", "--shape", "point", "--width", 24, "--steps", 0, cwd=tmp_path)
    with image.open(tmp_path / name) as picture, image.open(tmp_path / "first.png") as first:
        assert picture.n_frames == 5
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), np.asarray(first))
        brightest = []
        for frame in range(5):
            picture.seek(frame)
            brightest.append(np.asarray(picture.convert("RGB")).sum(axis=2).max())
    assert brightest == sorted(brightest, reverse=True)
    assert len(set(brightest)) > 3


def test_a_gif_is_an_animation_by_itself(tmp_path):
    image = pytest.importorskip("PIL.Image")
    done("-o", "move.gif", "--shape", "noise", "--width", 16, "--steps", 98, cwd=tmp_path)
    with image.open(tmp_path / "move.gif") as picture:
        assert picture.n_frames == 50


def test_images_are_heat_or_light(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    image.fromarray(pixels).save(tmp_path / "colour.png")
    image.fromarray(pixels[..., 0]).save(tmp_path / "grey.png")
    done("colour.png", "-o", "same.png", "--steps", 0, cwd=tmp_path)
    with image.open(tmp_path / "same.png") as picture:
        assert np.abs(np.asarray(picture).astype(int) - pixels).max() <= 1
    done("grey.png", "-o", "grey.npy", "--steps", 0, cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "grey.npy"), pixels[..., 0] / 255)
    before, after = (
        facts(done("colour.png", "--steps", steps, "--boundary", "neumann", cwd=tmp_path))
        for steps in (0, 50)
    )
    assert after["cells"] == "30 x 20 x 3 colours"
    assert float(after["sum"]) == pytest.approx(float(before["sum"]), rel=1e-12)
    assert after["smallest, largest"] != before["smallest, largest"]
    for options, size in (
        (["--width", 60], "60 x 40"),
        (["--height", 10], "15 x 10"),
        (["--width", 7, "--height", 9], "7 x 9"),
    ):
        assert facts(done("grey.png", *options, cwd=tmp_path))["cells"] == size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dt", "1"], "dt must be at most 0.25"),
        (["--boundary", "walls"], "boundary must be"),
        (["--boundary", "neumann,periodic,neumann"], "boundary must be"),
        (["--boundary", "a/b/c"], "an axis has two sides"),
        (["--boundary", "dirichlet=x"], "'x' is not a number"),
        (["--backend", "numbaa"], "did you mean 'numba'"),
        (["--method", "spectral", "--backend", "c"], "cannot take method='spectral'"),
        (["--executor", "threds"], "did you mean 'threads'"),
        (["missing.npy"], "does not exist"),
        (["words.txt"], "neither an .npy file nor an image"),
        (["noise.npy", "--width", "5"], "has a size of its own"),
        (["-o", "field.doc"], "unknown suffix"),
        (["-o", "field.jpg", "--frames", "3"], "cannot hold an animation"),
        (["-o", "field.npy", "--frames", "3"], "--frames is for pictures"),
        (["-o", "nowhere/field.png"], "there is no directory"),
        (["-o", "field.png", "--colors", "no such map"], "unknown colour map"),
        (["--fps", "0"], "0 is not in the range"),
    ],
)
def test_mistakes_are_one_message_and_status_2(tmp_path, noise, arguments, message):
    pytest.importorskip("PIL")
    (tmp_path / "words.txt").write_text("no picture")
    process = run(*arguments, cwd=tmp_path)
    assert process.returncode == 2
    assert message in " ".join(process.stderr.split())
    assert "Traceback" not in process.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["noise.npy", "words.txt"]


@pytest.mark.alone
def test_progress_is_shown_on_a_terminal_and_ctrl_c_leaves_no_file(tmp_path):
    pytest.importorskip("PIL")
    ours, theirs = pty.openpty()
    options = ["-o", "long.gif", "--steps", "1000000", "--width", "200"]
    process = subprocess.Popen(
        [*COMMAND, *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(theirs)
    try:
        seen = b""
        while b"/1000000" not in seen:
            seen += os.read(ours, 1000)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        while b"interrupted" not in seen:
            seen += os.read(ours, 1000)
        assert process.wait(10) == 130
        assert time.monotonic() - sent < 2
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
    assert b"Traceback" not in seen
    assert not list(tmp_path.iterdir())
