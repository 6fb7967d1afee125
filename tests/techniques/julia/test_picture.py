import numpy as np
import pytest

import perfpy
from perfpy import _colors
from perfpy.techniques.julia import _picture

C = -0.62772 - 0.42193j


def draw(width=90, height=60, *, c=C, center=0j, zoom=1.0, samples=2, max_iterations=200, colors="ember"):
    x, y = _picture.view(width, height, center, zoom, samples)
    counts = perfpy.julia(x, y, c=c, max_iterations=max_iterations)
    return _picture.painter(colors)(counts, x, y, c, max_iterations, samples)


@pytest.mark.parametrize(("width", "height"), [(90, 60), (61, 90), (1, 1)])
@pytest.mark.parametrize("samples", [1, 3])
def test_view_has_square_pixels_and_is_symmetric_to_the_last_bit(width, height, samples):
    x, y = _picture.view(width, height, 0j, 2.0, samples)
    assert (len(x), len(y)) == (width * samples, height * samples)
    assert np.array_equal(x, -x[::-1])
    assert np.array_equal(y, -y[::-1])
    steps = np.concatenate([np.diff(x), -np.diff(y)])
    assert np.allclose(steps, 3.6 / (2.0 * min(width, height) * samples))
    assert np.all(steps > 0)


def test_view_looks_where_it_is_told():
    x, y = _picture.view(50, 50, 0.25 - 0.5j, 10.0, 1)
    assert x.mean() == pytest.approx(0.25)
    assert y.mean() == pytest.approx(-0.5)
    assert y[0] > y[-1]  # the first row is on top


@pytest.mark.parametrize("zoom", [0.0, -1.0, float("nan"), float("inf")])
def test_zoom_is_checked(zoom):
    with pytest.raises(ValueError, match="zoom must be a number above 0"):
        _picture.view(9, 9, 0j, zoom, 1)


def test_interior_is_darker_than_everything_else():
    pixels = draw(60, 60, c=0j, samples=1).astype(int).sum(axis=2)
    radius = np.hypot(*np.meshgrid(*_picture.view(60, 60, 0j, 1.0, 1)))
    assert len(np.unique(pixels[radius < 0.95])) == 1
    assert pixels[radius < 0.95].max() < pixels[radius > 1.05].min()


def test_bands_are_blended():
    """Outside, c = 0 has concentric bands: along a ray no step between neighbours is larger than a shade."""
    pixels = draw(800, 800, c=0j, samples=1).astype(int)
    ray = pixels[400, 700:]  # from |z| = 1.35 outwards: bands of counts 2, 1 and 0
    assert np.abs(np.diff(ray, axis=0)).max() <= 2
    assert len(np.unique(ray, axis=0)) > 20


def test_lightness_only_rises_along_the_map():
    ramp, _ = _picture._ramp("ember")
    luminance = ramp @ np.array([0.2126, 0.7152, 0.0722])
    assert np.all(np.diff(luminance) > 0)


@pytest.mark.parametrize(
    "options",
    [
        {"zoom": 1e-3},
        {"zoom": 1e13},
        {"max_iterations": 0},
        {"max_iterations": 1},
        {"c": 0j, "zoom": 10},
        {"c": 3 + 3j},
        {"samples": 1},
    ],
)
def test_odd_views_are_drawn_without_a_warning(options):
    pixels = draw(**options)
    assert (pixels.shape, pixels.dtype) == ((60, 90, 3), np.uint8)


def test_maps_of_matplotlib_serve_too():
    pytest.importorskip("matplotlib")
    assert not np.array_equal(draw(colors="viridis"), draw())
    with pytest.raises(ValueError, match="unknown colour map 'no such map'"):
        _picture.painter("no such map")


def test_saving_replaces_the_file_or_leaves_it(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = draw()
    for name in ("set.png", "set.webp", "set"):
        _colors.save(pixels, tmp_path / name)
        with image.open(tmp_path / name) as picture:
            assert picture.size == (90, 60)
    with image.open(tmp_path / "set.png") as picture:
        assert np.array_equal(np.asarray(picture), pixels)
    with pytest.raises(ValueError, match="unknown suffix"):
        _colors.save(pixels, tmp_path / "set.doc")
    assert len(list(tmp_path.iterdir())) == 3
