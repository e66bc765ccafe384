"""The parts of figures."""

from __future__ import annotations

import base64
import io

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image
from skimage.color import rgb2lab

from builder.inspect.figures import Style
from builder.inspect.figures.canvas import (
    MAX_CELLS,
    add_image,
    colours,
    image_source,
    index_ticks,
    limits,
    overlay,
    shrink,
    shrink_to,
    step_ticks,
    tile,
    veil,
)
from builder.inspect.figures.style import counted, esc, number, short
from builder.inspect.figures.values import token_strip


def test_tiles_keep_every_map_at_its_corner() -> None:
    maps = np.random.default_rng(0).random((7, 30, 40)).astype(np.float32)
    tiles = tile(maps, columns=3, header=True)
    for index, (x, y) in enumerate(tiles.corners.astype(int)):
        np.testing.assert_array_equal(tiles.canvas[y : y + 30, x : x + 40], maps[index])
        assert (tiles.which[y : y + 30, x : x + 40, 0] == index).all()
        assert tiles.which[y + 2, x + 1].tolist() == [index, 2, 1]
    assert np.isfinite(tiles.canvas).sum() == maps.size


def test_tiny_maps_are_enlarged() -> None:
    maps = np.arange(2 * 3 * 2, dtype=np.float32).reshape(2, 3, 2)
    tiles = tile(maps)
    x, y = tiles.corners[1].astype(int)
    np.testing.assert_array_equal(tiles.canvas[y : y + 24, x : x + 16], maps[1].repeat(8, 0).repeat(8, 1))
    assert tiles.which[y + 17, x + 9].tolist() == [1, 2, 1]


def test_large_maps_are_averaged() -> None:
    maps = np.random.default_rng(0).random((64, 100, 90)).astype(np.float32)
    tiles = tile(maps)
    assert np.isfinite(tiles.canvas).sum() <= MAX_CELLS
    x, y = tiles.corners[5].astype(int)
    factor = int(tiles.which[y, x + 1, 2])
    assert factor > 1
    block = maps[5, factor : 2 * factor, 2 * factor : 3 * factor]
    assert tiles.canvas[y + 1, x + 2] == pytest.approx(block.mean())


def test_shrinking() -> None:
    np.testing.assert_array_equal(shrink(np.arange(15.0).reshape(3, 5), 2), [[3, 5]])
    assert shrink(np.ones((1, 9)), 3).shape == (1, 9)  # too thin to be averaged
    same = np.ones((2, 2))
    assert shrink(same, 1) is same


def test_a_coarser_matrix_stands_where_it_was() -> None:
    matrix = np.arange(12 * 7, dtype=float).reshape(12, 7)
    shown, places = shrink_to(matrix, 14)  # squares of 3 entries
    assert shown.shape == (4, 2) and shown[1, 1] == matrix[3:6, 3:6].mean()
    assert places == {"x0": 1, "dx": 3, "y0": 1, "dy": 3}  # the middle of each
    whole, same = shrink_to(matrix, 84)
    np.testing.assert_array_equal(whole, matrix)
    assert same == {"x0": 0, "dx": 1, "y0": 0, "dy": 1}
    assert shrink_to(np.ones((8000, 1)), 4000)[0].shape[1] == 1


def test_signed_values_are_centred_on_0() -> None:
    assert limits(np.array([-1.0, 3.0])) == (-3, 3, True)
    assert limits(np.array([1.0, 3.0])) == (1, 3, False)
    assert limits(np.array([1.0, 3.0]), signed=True) == (-3, 3, True)
    assert limits(np.array([2.0, 2.0])) == (2, 3, False)
    assert limits(np.array([np.nan, 0.0]), signed=True) == (-1, 1, True)
    assert limits(np.array([np.nan])) == (0, 1, False)
    assert colours(Style(), np.array([-1.0, 1.0]), "v")["colorscale"] == Style().diverging


@pytest.mark.parametrize("dark", [False, True])
def test_the_diverging_scale_is_even(dark: bool) -> None:
    """Lightness falls (rises) by equal steps from the middle to both ends."""
    scale = [c for _, c in Style(dark=dark).diverging]
    rgb = np.array([[int(str(c)[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in scale])
    lightness = rgb2lab(rgb[None])[0, :, 0]
    for half in (lightness[:6], lightness[5:]):
        steps = np.diff(half)
        assert (np.sign(steps) == np.sign(steps[0])).all()
        assert np.abs(steps).max() - np.abs(steps).min() < 4
    assert (lightness[5] == lightness.min()) is np.bool_(dark) or dark == (lightness[5] == lightness.min())


def test_an_overlay_shows_the_image_where_the_map_is_zero() -> None:
    image = np.full((2, 2), 0.5)
    shown = overlay(Style(), image, np.array([[0.0, 1.0], [0.0, 0.0]]), 0, 1, signed=False)
    np.testing.assert_allclose(shown[1, 1], [0.5] * 3)
    assert np.abs(shown[0, 1] - 0.5).max() > 0.2
    both = overlay(Style(), image, np.array([[0.0, 1.0], [-1.0, 0.0]]), -1, 1, signed=True)
    np.testing.assert_allclose(both[0, 0], [0.5] * 3, atol=0.02)
    assert both[0, 1, 0] > both[0, 1, 2] and both[1, 0, 0] < both[1, 0, 2]  # red for, blue against


def test_a_veil_enlarges_patches() -> None:
    shown = veil(Style(), np.zeros((4, 6)), np.array([[0.0, 1.0], [0.5, 0.5]]), 0, 1)
    assert shown.shape == (4, 6, 3)
    np.testing.assert_allclose(shown[:2, :3], np.broadcast_to(shown[0, 0], (2, 3, 3)))
    assert not np.allclose(shown[0, 0], shown[0, 5])


def test_images_are_png() -> None:
    pixels = np.array([[0.0, 1.0], [0.5, np.nan]])
    content = base64.b64decode(image_source(pixels).removeprefix("data:image/png;base64,"))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), [[0, 255], [128, 0]])


def test_larger_pixels_cover_the_same_corner() -> None:
    figure = go.Figure()
    add_image(figure, np.zeros((2, 2)), x=4, size=3)
    assert (figure.data[0].x0, figure.data[0].dx) == (5, 3)  # the upper left pixel reaches from 3.5 to 6.5


def test_ticks() -> None:
    assert [index_ticks(n)["dtick"] for n in (3, 12, 13, 60, 61, 700)] == [1, 1, 2, 5, 10, 100]
    assert step_ticks(["a", "a", "b"]) == {"tickmode": "array", "tickvals": [0, 1, 2], "ticktext": ["a", "a", "b"]}
    assert step_ticks(list("abcdefgh"), limit=3)["ticktext"] == ["a", "d", "g"]


def test_a_strip_of_tokens_is_read_in_lines() -> None:
    names = tuple("abcdefghij" * 4)
    figure = token_strip(names, np.arange(40.0), Style(), "t", "s", "b", [str(i) for i in range(40)])
    cells, text = figure.data[0].z, figure.data[0].text
    assert cells.shape == (2, 32) and np.isnan(cells[1, 8:]).all()
    assert (cells[1, 7], text[1, 7], figure.data[0].customdata[1, 7]) == (39, "j", "39")


def test_words() -> None:
    assert esc("<b>&</b>") == "&lt;b&gt;&amp;&lt;/b&gt;"
    assert short("a" * 40, 10) == "a" * 9 + "…"
    assert short("<i>", 10) == "&lt;i&gt;"
    assert [number(v) for v in (0.00012345, 12.345, 12345.6, -0.5)] == ["0.000123", "12.3", "12,346", "-0.5"]
    assert Style("zh").say("one", "一") == "一"


def test_one_thing_is_counted_in_the_singular() -> None:
    assert [counted(n, "sample") for n in (0, 1, 2, 1200)] == ["0 samples", "1 sample", "2 samples", "1,200 samples"]
