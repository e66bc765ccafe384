"""Pooling against torch's functions and hand-computed maps."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
SIZES = (11, 8, 7)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel_size": 3},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": 1, "dilation": 2},
        {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    ],
    ids=str,
)
def test_max_equals_the_function(draw, dims, settings):
    x = draw(2, 3, *SIZES[:dims])
    expected = MAX[dims](x, **{"kernel_size": 2, **settings})
    torch.testing.assert_close(create("pool_max", dims=dims, **settings)(x), expected)


def test_max_keeps_the_largest_of_each_window():
    x = torch.tensor([[[[1.0, 5, 2, 0], [3, 4, 8, 7], [9, 1, 0, 2], [0, 6, 3, 4]]]])
    assert create("pool_max")(x).tolist() == [[[[5, 8], [9, 4]]]]
    assert create("pool_max", kernel_size=(1, 4))(x).tolist() == [[[[5], [8], [9], [6]]]]


def test_max_sends_the_gradient_to_the_largest_only():
    x = torch.tensor([[[1.0, 5.0, 2.0, 7.0]]], requires_grad=True)
    create("pool_max", dims=1)(x).sum().backward()
    assert x.grad.tolist() == [[[0, 1, 0, 1]]]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"kernel_size": 3},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False},
        {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    ],
    ids=str,
)
def test_average_equals_the_function(draw, dims, settings):
    x = draw(2, 3, *SIZES[:dims])
    expected = AVERAGE[dims](x, **{"kernel_size": 2, **settings})
    torch.testing.assert_close(create("pool_avg", dims=dims, **settings)(x), expected)


@pytest.mark.parametrize("size, stride", [(2, 2), (3, 1), (3, 2)])
def test_average_is_a_depthwise_convolution_with_a_constant_kernel(draw, size, stride):
    x = draw(2, 3, 8, 9)
    kernel = torch.full((3, 1, size, size), 1 / size**2, dtype=torch.float64)
    expected = F.conv2d(x, kernel, stride=stride, groups=3)
    torch.testing.assert_close(create("pool_avg", kernel_size=size, stride=stride)(x), expected)


@pytest.mark.parametrize("id, reduce", [("pool_adaptive_avg", torch.mean), ("pool_adaptive_max", torch.amax)])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_adaptive_windows_are_those_of_the_formula(draw, id, reduce, size):
    x = draw(2, 3, 7)
    windows = [x[..., 7 * i // size : -(-7 * (i + 1) // size)] for i in range(size)]
    expected = torch.stack([reduce(window, -1) for window in windows], -1)
    torch.testing.assert_close(create(id, output_size=size, dims=1)(x), expected)


@pytest.mark.parametrize("id, pool", [("pool_adaptive_avg", "avg"), ("pool_adaptive_max", "max")])
@pytest.mark.parametrize("dims, size", [(2, 3), (2, (2, 5)), (3, (1, 2, 3))])
def test_adaptive_equals_the_function(draw, id, pool, dims, size):
    x = draw(2, 3, *SIZES[:dims])
    expected = getattr(F, f"adaptive_{pool}_pool{dims}d")(x, size)
    torch.testing.assert_close(create(id, output_size=size, dims=dims)(x), expected)


@pytest.mark.parametrize("shape", [(2, 3, 7), (2, 3, 5, 7), (2, 3, 4, 5, 6)])
def test_global_pools_all_positions(draw, shape):
    x = draw(*shape)
    flat = x.flatten(2)
    ones = [1] * (len(shape) - 2)
    torch.testing.assert_close(create("pool_global_avg")(x), flat.mean(2).reshape(2, 3, *ones))
    torch.testing.assert_close(create("pool_global_max")(x), flat.amax(2).reshape(2, 3, *ones))
    torch.testing.assert_close(create("pool_global_avg", keepdim=False)(x), flat.mean(2))
    torch.testing.assert_close(create("pool_global_max", keepdim=False)(x), flat.amax(2))


def test_global_pooling_does_not_see_the_order_of_positions(draw):
    x = draw(2, 3, 4, 5)
    shuffled = x.flatten(2)[..., torch.randperm(20, generator=torch.Generator().manual_seed(1))].reshape(x.shape)
    for id in ("pool_global_avg", "pool_global_max"):
        torch.testing.assert_close(create(id)(shuffled), create(id)(x))


@pytest.mark.parametrize("id", ["pool_max", "pool_avg"])
def test_more_padding_than_half_a_window_is_refused(id):
    with pytest.raises(ParameterError) as caught:
        create(id, kernel_size=3, padding=2)
    assert (
        str(caught.value) == f"The 'padding' parameter of {id} must be at most half of kernel_size (3). Got 2 instead."
    )


@pytest.mark.parametrize("id", ["pool_max", "pool_avg"])
@pytest.mark.parametrize("parameter", ["kernel_size", "stride", "padding"])
def test_a_size_for_too_many_axes_is_refused(id, parameter):
    with pytest.raises(ParameterError, match=f"'{parameter}' parameter of {id} must be one value, or a list of 1"):
        create(id, dims=1, **{"kernel_size": 4, parameter: (2, 2)})


@pytest.mark.parametrize("id", ["pool_adaptive_avg", "pool_adaptive_max"])
def test_an_output_size_for_too_few_axes_is_refused(id):
    with pytest.raises(ParameterError, match=f"'output_size' parameter of {id} must be one value, or a list of 2"):
        create(id, output_size=(3,), dims=2)
