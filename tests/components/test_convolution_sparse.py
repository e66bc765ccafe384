"""Sparse convolutions against dense ones, and the sites that they keep or reach."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SIZES = (9, 8, 7)
BATCH, CHANNELS = 2, 3


@pytest.fixture
def image(draw):
    """``image(dims)``: features, coordinates and size of a sparse batch in mixed order, and the same dense."""

    def made(dims):
        size = SIZES[:dims]
        generator = torch.Generator().manual_seed(dims)
        active = torch.rand(BATCH, *size, generator=generator) < 0.15
        coords = active.nonzero()
        coords = coords[torch.randperm(len(coords), generator=generator)]
        feat = draw(len(coords), CHANNELS)
        return feat, coords, torch.tensor(size), dense(feat, coords, size)

    return made


def dense(feat, coords, size):
    """(B, C, *) with the features at their sites, zero elsewhere."""
    full = feat.new_zeros(BATCH, *size, feat.shape[1])
    full[tuple(coords.T)] = feat
    return full.movedim(-1, 1)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
def test_submanifold_equals_the_dense_convolution_at_its_sites(image, dims, dilation, bias):
    feat, coords, size, full = image(dims)
    kernel = (3, 5, 1)[:dims]
    layer = create(
        "conv_sparse_submanifold", in_channels=3, out_channels=5, kernel_size=kernel, dilation=dilation, dims=dims,
        bias=bias,
    ).double()  # fmt: skip
    y, sites = layer(feat, coords, size)
    padding = tuple(dilation * (k // 2) for k in kernel)
    expected = CONV[dims](full, layer.weight, layer.bias, padding=padding, dilation=dilation)
    assert torch.equal(sites, coords)
    torch.testing.assert_close(y, expected.movedim(1, -1)[tuple(coords.T)])


def test_submanifold_never_grows(image):
    feat, coords, size, _ = image(2)
    for _ in range(4):
        layer = create("conv_sparse_submanifold", in_channels=3, out_channels=3, dims=2).double()
        feat, sites = layer(feat, coords, size)
        assert feat.shape == (len(coords), 3) and torch.equal(sites, coords)


def test_submanifold_ignores_sites_outside_of_the_image(image):
    feat, coords, size, _ = image(2)
    layer = create("conv_sparse_submanifold", in_channels=3, out_channels=5, bias=True, dims=2).double()
    odd = torch.tensor([[0, 9, 1], [1, 2, -1]])
    y, _ = layer(torch.cat((feat, feat[:2])), torch.cat((coords, odd)), size)
    torch.testing.assert_close(y[:-2], layer(feat, coords, size)[0])
    assert not y[-2:].any()


def test_submanifold_needs_a_middle():
    with pytest.raises(ParameterError, match="'kernel_size' parameter of conv_sparse_submanifold must be odd"):
        create("conv_sparse_submanifold", in_channels=3, kernel_size=2)


SETTINGS = [
    {},
    {"stride": 2, "padding": 1},
    {"kernel_size": 2, "stride": 2},
    {"dilation": 2, "padding": 2},
    {"stride": 3, "kernel_size": 2},
]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_spatial_equals_the_dense_convolution_at_every_site_that_it_reaches(image, dims, settings):
    feat, coords, size, full = image(dims)
    layer = create("conv_sparse_spatial", in_channels=3, out_channels=5, dims=dims, **settings).double()
    y, sites, grid = layer(feat, coords, size)
    slides = {name: value for name, value in settings.items() if name != "kernel_size"}
    expected = CONV[dims](full, layer.weight, None, **slides)
    assert tuple(grid) == expected.shape[2:]
    torch.testing.assert_close(dense(y, sites, tuple(grid)), expected)
    assert {tuple(site) for site in sites.tolist()} == touched(coords, tuple(grid), dims, settings)
    assert sites.tolist() == sorted(sites.tolist())


def touched(coords, grid, dims, settings):
    """Every output site whose window holds an active site, window by window."""
    stride, padding, dilation, kernel = (settings.get(n, d) for n, d in [("stride", 1), ("padding", 0), ("dilation", 1), ("kernel_size", 3)])  # fmt: skip
    active = {tuple(site) for site in coords.tolist()}
    found = set()
    for sample, *place in itertools.product(range(BATCH), *map(range, grid)):
        for tap in itertools.product(range(kernel), repeat=dims):
            read = (p * stride - padding + dilation * t for p, t in zip(place, tap, strict=True))
            if (sample, *read) in active:
                found.add((sample, *place))
    return found


def test_spatial_adds_its_bias_at_active_sites_alone(image):
    feat, coords, size, full = image(2)
    layer = create("conv_sparse_spatial", in_channels=3, out_channels=5, dims=2, bias=True).double()
    y, sites, _ = layer(feat, coords, size)
    expected = F.conv2d(full, layer.weight, layer.bias).movedim(1, -1)
    torch.testing.assert_close(y, expected[tuple(sites.T)])


def test_spatial_of_nothing_is_nothing():
    layer = create("conv_sparse_spatial", in_channels=3, out_channels=5, dims=2)
    y, sites, grid = layer(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64), torch.tensor([6, 7]))
    assert (y.shape, sites.shape, grid.tolist()) == ((0, 5), (0, 3), [4, 5])


def test_layers_follow_each_other(image):
    feat, coords, size, full = image(2)
    first = create("conv_sparse_spatial", in_channels=3, out_channels=4, dims=2, stride=2).double()
    second = create("conv_sparse_submanifold", in_channels=4, out_channels=5, dims=2).double()
    feat, coords, size = first(feat, coords, size)
    y, _ = second(feat, coords, size)
    whole = F.conv2d(F.conv2d(full, first.weight, stride=2), second.weight, padding=1)
    torch.testing.assert_close(y, whole.movedim(1, -1)[tuple(coords.T)])
