"""Pooling whose windows are placed otherwise: fractional, unpooled, blurred, pyramids, and regions of interest."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import ops

from components import create
from components.errors import InputError

SIZES = (11, 8, 7)


@pytest.mark.parametrize("kernel_size, ratio", [(2, 0.7), ((3, 2), (0.5, 0.8))])
def test_fractional_max_equals_torch_for_the_same_samples(draw, kernel_size, ratio):
    x = draw(2, 3, 12, 11)
    samples = torch.rand(2, 3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    layer = create("pool_fractional_max", kernel_size=kernel_size, ratio=ratio)
    peer = nn.FractionalMaxPool2d(kernel_size, output_ratio=ratio, _random_samples=samples)
    torch.testing.assert_close(layer(x, samples), peer(x))
    torch.testing.assert_close(layer.eval()(x), layer(x, torch.full_like(samples, 0.5)))


def test_fractional_max_windows_are_those_of_the_formula(draw):
    x, k, count = draw(1, 1, 11, 11), 2, 7
    u = torch.tensor([[[0.3, 0.85]]], dtype=torch.float64)  # along W, along H
    alpha = (11 - k) / (count - 1)

    def starts(start):
        inner = [math.floor(alpha * (i + start)) - math.floor(alpha * start) for i in range(count - 1)]
        return [*inner, 11 - k]

    rows, columns = starts(0.85), starts(0.3)
    expected = torch.stack([torch.stack([x[0, 0, r : r + k, c : c + k].max() for c in columns]) for r in rows])
    y = create("pool_fractional_max", ratio=0.65)(x, u)
    torch.testing.assert_close(y[0, 0], expected)


def test_fractional_max_draws_in_training_only(draw):
    x, layer = draw(2, 3, 16, 17), create("pool_fractional_max")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not layer.train()(x).equal(layer(x))
    assert layer.eval()(x).equal(layer(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", [{}, {"kernel_size": 3, "stride": 2, "padding": 1}], ids=str)
def test_unpooling_undoes_pooling(draw, dims, settings):
    x = draw(2, 3, *SIZES[:dims]).abs() + 0.1
    y, indices = create("pool_max_indices", dims=dims, **settings)(x)
    values, places = getattr(F, f"max_pool{dims}d")(x, **{"kernel_size": 2, **settings}, return_indices=True)
    torch.testing.assert_close(y, values)
    assert indices.equal(places)
    back = create("pool_max_unpool", dims=dims, output_size=SIZES[:dims], **settings)(y, indices)
    assert back.shape == x.shape
    chosen = torch.zeros_like(x).flatten(2).scatter(2, indices.flatten(2), 1.0).reshape(x.shape)
    torch.testing.assert_close(back, x * chosen)
    torch.testing.assert_close(getattr(F, f"max_pool{dims}d")(back, **{"kernel_size": 2, **settings}), y)


def test_unpooling_by_hand():
    x = torch.tensor([[[[5.0, 8.0], [9.0, 6.0]]]])
    indices = torch.tensor([[[[1, 6], [8, 13]]]])
    y = create("pool_max_unpool")(x, indices)
    assert y.tolist() == [[[[0, 5, 0, 0], [0, 0, 8, 0], [9, 0, 0, 0], [0, 6, 0, 0]]]]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("size, stride", [(2, 1), (3, 2), (4, 2), (5, 3)])
def test_blur_is_a_separable_binomial_filter(draw, dims, size, stride):
    x = draw(2, 3, *SIZES[:dims])
    row = np.poly1d([0.5, 0.5]) ** (size - 1)
    expected = x.numpy()
    for axis in range(2, 2 + dims):
        borders = [(0, 0)] * (2 + dims)
        borders[axis] = ((size - 1) // 2, size // 2)
        padded = np.pad(expected, borders, mode="reflect")
        filtered = np.apply_along_axis(lambda line: np.convolve(line, row.coeffs, mode="valid"), axis, padded)
        expected = filtered.take(range(0, filtered.shape[axis], stride), axis)
    layer = create("pool_blur", kernel_size=size, stride=stride, dims=dims).double()
    torch.testing.assert_close(layer(x), torch.from_numpy(np.ascontiguousarray(expected)))


def test_blur_equals_a_depthwise_convolution_and_keeps_a_constant(draw):
    x = draw(2, 3, 8, 9)
    kernel = torch.outer(*[torch.tensor([0.25, 0.5, 0.25], dtype=torch.float64)] * 2)
    convolution = nn.Conv2d(3, 3, 3, 2, 1, groups=3, bias=False, padding_mode="reflect").double()
    convolution.weight.data = kernel.expand(3, 1, 3, 3)
    layer = create("pool_blur").double()
    torch.testing.assert_close(layer(x), convolution(x))
    torch.testing.assert_close(layer(torch.full_like(x, 2.5)), torch.full((2, 3, 4, 5), 2.5, dtype=torch.float64))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("reduce, pool", [("max", "max"), ("mean", "avg")])
def test_pyramid_joins_the_adaptive_pools(draw, dims, reduce, pool):
    layer = create("pool_spp", levels=(1, 3, 2), reduce=reduce, dims=dims)
    adaptive = getattr(F, f"adaptive_{pool}_pool{dims}d")
    lengths = set()
    for x in (draw(2, 3, *SIZES[:dims]), draw(2, 3, *[size + 2 for size in SIZES[:dims]])):
        y = layer(x)
        torch.testing.assert_close(y, torch.cat([adaptive(x, k).reshape(2, -1) for k in (1, 3, 2)], 1))
        lengths.add(y.shape[1])
    assert lengths == {3 * (1 + 3**dims + 2**dims)}


def boxes_in(images, count, width, height):
    generator = torch.Generator().manual_seed(2)
    image = torch.randint(images, (count, 1), generator=generator).double()
    ends = torch.rand(count, 2, 2, generator=generator, dtype=torch.float64).sort(1).values
    return torch.cat((image, (ends * torch.tensor([width, height])).flatten(1)), 1)


@pytest.mark.parametrize("output_size, scale", [(3, 1.0), ((2, 4), 0.5)])
def test_regions_equal_torchvision(draw, output_size, scale):
    x, boxes = draw(2, 3, 9, 12), boxes_in(2, 5, 11 / scale, 8 / scale)
    torch.testing.assert_close(
        create("pool_roi", output_size=output_size, spatial_scale=scale)(x, boxes),
        ops.roi_pool(x, boxes, output_size, scale),
    )
    torch.testing.assert_close(
        create("pool_roi_align", output_size=output_size, spatial_scale=scale)(x, boxes),
        ops.roi_align(x, boxes, output_size, scale, 2, aligned=True),
    )


def test_roi_pooling_of_the_whole_map_is_adaptive_max_pooling(draw):
    x = draw(2, 3, 6, 8)
    boxes = torch.tensor([[0, 0, 0, 7, 5], [1, 0, 0, 7, 5]], dtype=torch.float64)
    y = create("pool_roi", output_size=(3, 2))(x, boxes)
    torch.testing.assert_close(y, F.adaptive_max_pool2d(x, (3, 2)))


@pytest.mark.parametrize("samples", [0, 1, 3])
def test_roi_align_gives_the_value_at_the_centre_of_each_bin_on_a_linear_map(samples):
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(14.0), indexing="ij")
    x = (2 * rows - 3 * columns + 1).double()[None, None]
    left, top, right, bottom = 2.3, 3.1, 9.7, 8.2
    boxes = torch.tensor([[0, left, top, right, bottom]], dtype=torch.float64)
    y = create("pool_roi_align", output_size=(3, 4), sampling_ratio=samples)(x, boxes)
    for i in range(3):
        for j in range(4):  # the centre of sample 0 lies at 0.5
            row = top + (i + 0.5) * (bottom - top) / 3 - 0.5
            column = left + (j + 0.5) * (right - left) / 4 - 0.5
            assert y[0, 0, i, j].item() == pytest.approx(2 * row - 3 * column + 1)


@pytest.mark.parametrize("id", ["pool_roi", "pool_roi_align"])
def test_a_box_of_no_image_or_of_too_few_numbers_is_refused(draw, id):
    x = draw(2, 3, 6, 8)
    for image in (-1.0, 2.0, math.nan):
        with pytest.raises(InputError, match="from 0 to 1"):
            create(id)(x, torch.tensor([[image, 0, 0, 3, 3]], dtype=torch.float64))
    with pytest.raises(InputError, match="A box has 5 numbers"):
        create(id)(x, torch.zeros(1, 4, dtype=torch.float64))
    assert create(id)(x, torch.zeros(0, 5, dtype=torch.float64)).shape == (0, 3, 7, 7)
