"""Convolutions of differences, and the circular kernel, against loops over their definitions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SIZES = (11, 9, 8)


def summed(x, taps, size):
    """(B, O, H', W') of the terms (weight (O, C), row, column) read at each position of the windows of this size."""
    batch, _, height, width = x.shape
    y = torch.zeros(batch, taps[0][0].shape[0], height - size + 1, width - size + 1, dtype=x.dtype)
    for row in range(y.shape[2]):
        for column in range(y.shape[3]):
            for weight, down, right in taps:
                y[:, :, row, column] += x[:, :, row + down, column + right] @ weight.T
    return y


# ------------------------------------------------------------------ central differences


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"padding": 1, "dilation": 2}, {"groups": 2}], ids=str)
def test_central_difference_without_theta_is_a_convolution(draw, dims, settings):
    layer = create(
        "conv_central_difference", in_channels=4, out_channels=6, theta=0.0, dims=dims, **settings
    ).double()  # fmt: skip
    x = draw(2, 4, *SIZES[:dims])
    torch.testing.assert_close(layer(x), CONV[dims](x, layer.weight, layer.bias, **settings))


@pytest.mark.parametrize("theta", [0.3, 1.0])
def test_central_difference_follows_the_formula(draw, theta):
    layer = create("conv_central_difference", in_channels=3, out_channels=5, theta=theta, bias=False).double()
    x, w = draw(2, 3, 6, 7), layer.weight
    taps = [(w[:, :, i, j], i, j) for i in range(3) for j in range(3)]
    taps += [(-theta * w[:, :, i, j], 1, 1) for i in range(3) for j in range(3)]
    torch.testing.assert_close(layer(x), summed(x, taps, 3))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_central_difference_of_a_constant_is_the_bias(dims):
    layer = create(
        "conv_central_difference", in_channels=3, out_channels=5, kernel_size=5, theta=1.0, dims=dims
    ).double()
    y = layer(torch.full((2, 3, *SIZES[:dims]), 1.7, dtype=torch.float64))
    torch.testing.assert_close(y, layer.bias.view(-1, *[1] * dims).expand_as(y))


def test_central_difference_needs_a_middle():
    with pytest.raises(ParameterError, match="'kernel_size' parameter of conv_central_difference must be odd"):
        create("conv_central_difference", in_channels=3, kernel_size=(3, 2))


CROSSES = {"upright": [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)], "diagonal": [(0, 0), (0, 2), (1, 1), (2, 0), (2, 2)]}


@pytest.mark.parametrize("cross", CROSSES)
def test_cross_without_theta_is_a_convolution_with_a_masked_kernel(draw, cross):
    layer = create("conv_cross_central_difference", in_channels=3, out_channels=5, cross=cross, theta=0.0).double()
    kernel = torch.zeros(5, 3, 3, 3, dtype=torch.float64)
    for number, (row, column) in enumerate(CROSSES[cross]):
        kernel[:, :, row, column] = layer.weight[:, :, number].detach()
    x = draw(2, 3, 6, 7)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.bias))


@pytest.mark.parametrize("cross", CROSSES)
def test_cross_follows_the_formula(draw, cross):
    layer = create("conv_cross_central_difference", in_channels=3, out_channels=5, cross=cross, bias=False).double()
    x, w = draw(2, 3, 6, 7), layer.weight
    taps = [(w[:, :, n], *place) for n, place in enumerate(CROSSES[cross])]
    taps += [(-0.8 * w[:, :, n], 1, 1) for n in range(5)]
    torch.testing.assert_close(layer(x), summed(x, taps, 3))


@pytest.mark.parametrize("cross", CROSSES)
def test_cross_of_a_constant_is_the_bias(cross):
    layer = create("conv_cross_central_difference", in_channels=3, out_channels=5, cross=cross, theta=1.0).double()
    y = layer(torch.full((1, 3, 6, 7), -2.3, dtype=torch.float64))
    torch.testing.assert_close(y, layer.bias.view(-1, 1, 1).expand_as(y))


# ------------------------------------------------------------------ pixel differences

# Of a 5 x 5 window, by hand: the inner ring clockwise from the upper left, and the outer one in the same directions.
INNER = [(1, 1), (1, 2), (1, 3), (2, 3), (3, 3), (3, 2), (3, 1), (2, 1)]
OUTER = [(0, 0), (0, 2), (0, 4), (2, 4), (4, 4), (4, 2), (4, 0), (2, 0)]
PAIRS = {
    "central": [(a, (2, 2)) for a in INNER],
    "angular": [(a, INNER[(n + 1) % 8]) for n, a in enumerate(INNER)],
    "radial": list(zip(OUTER, INNER, strict=True)),
}


@pytest.mark.parametrize("mode", PAIRS)
def test_pixel_difference_follows_the_formula(draw, mode):
    layer = create(
        "conv_pixel_difference", in_channels=3, out_channels=4, mode=mode, padding="same", bias=False
    ).double()
    x, w = draw(2, 3, 6, 7), layer.weight
    taps = [(w[:, :, n], *plus) for n, (plus, _) in enumerate(PAIRS[mode])]
    taps += [(-w[:, :, n], *minus) for n, (_, minus) in enumerate(PAIRS[mode])]
    torch.testing.assert_close(layer(x), summed(F.pad(x, (2, 2, 2, 2)), taps, 5))


@pytest.mark.parametrize("mode", PAIRS)
@pytest.mark.parametrize("settings", [{"stride": 2}, {"dilation": 2}, {"groups": 2, "padding": 1}], ids=str)
def test_pixel_difference_is_a_convolution_with_its_kernel(draw, mode, settings):
    layer = create("conv_pixel_difference", in_channels=4, out_channels=6, mode=mode, **settings).double()
    x = draw(2, 4, 11, 12)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.kernel(), layer.bias, **settings))
    assert layer.kernel().shape[2:] == ((5, 5) if mode == "radial" else (3, 3))


@pytest.mark.parametrize("mode", PAIRS)
def test_pixel_difference_of_a_constant_is_the_bias(mode):
    layer = create("conv_pixel_difference", in_channels=3, out_channels=4, mode=mode).double()
    y = layer(torch.full((1, 3, 8, 7), 4.1, dtype=torch.float64))
    torch.testing.assert_close(y, layer.bias.view(-1, 1, 1).expand_as(y))


# ------------------------------------------------------------------ the circle


def test_circle_of_three_by_hand(draw):
    # A corner moves to 1 / sqrt(2) along both axes, and so shares itself out among the corner, two sides and the middle.
    layer = create("conv_circle", in_channels=1, out_channels=1, bias=False).double()
    w = layer.weight[0, 0]
    s = 1 / math.sqrt(2)
    corners = w[0, 0] + w[0, 2] + w[2, 0] + w[2, 2]
    kernel = layer.kernel()[0, 0]
    torch.testing.assert_close(kernel[0, 0], s * s * w[0, 0], rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(kernel[0, 1], w[0, 1] + s * (1 - s) * (w[0, 0] + w[0, 2]), rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(kernel[1, 1], w[1, 1] + (1 - s) ** 2 * corners, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("size", [3, 5, 7])
def test_circle_reads_the_image_between_its_samples(draw, size):
    layer = create("conv_circle", in_channels=2, out_channels=3, kernel_size=size, bias=False).double()
    x = draw(1, 2, 10, 11)
    middle, y = size // 2, 0
    for i in range(size):
        for j in range(size):
            down, right = i - middle, j - middle
            length = math.hypot(down, right)
            scale = max(abs(down), abs(right)) / length if length else 0.0
            read = sampled(x, down * scale, right * scale, middle)
            y = y + torch.einsum("oc,bchw->bohw", layer.weight[:, :, i, j], read)
    torch.testing.assert_close(layer(x), y, rtol=1e-5, atol=1e-6)


def sampled(x, down, right, margin):
    """x (B, C, H, W) read (down, right) of each position that lies ``margin`` inside, by torch's own interpolation."""
    height, width = x.shape[2:]
    rows = torch.arange(margin, height - margin, dtype=x.dtype) + down
    columns = torch.arange(margin, width - margin, dtype=x.dtype) + right
    row, column = torch.meshgrid(2 * rows / (height - 1) - 1, 2 * columns / (width - 1) - 1, indexing="ij")
    return F.grid_sample(x, torch.stack((column, row), -1)[None], align_corners=True)


@pytest.mark.parametrize("size", [3, 5])
def test_circle_leaves_the_middle_and_the_axes(size):
    layer = create("conv_circle", in_channels=1, out_channels=1, kernel_size=size)
    patterns = layer.patterns.view(size, size, size, size)
    for step in range(size):
        for place in ((step, size // 2), (size // 2, step)):
            expected = torch.zeros(size, size)
            expected[place] = 1.0
            torch.testing.assert_close(patterns[place], expected)
    torch.testing.assert_close(patterns.sum((2, 3)), torch.ones(size, size))
