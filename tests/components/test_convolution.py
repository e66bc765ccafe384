"""Convolutions against torch's functions, timm and their definitions."""

from __future__ import annotations

import pytest
import torch
from timm.layers import SeparableConv2d
from torch.nn import functional as F

from components import create
from components.spec import ParameterError

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
SIZES = (11, 9, 8)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2},
        {"padding": 2},
        {"padding": "same", "dilation": 2},
        {"padding": "valid"},
        {"dilation": 3},
        {"groups": 2},
        {"stride": 3, "padding": 1, "dilation": 2, "groups": 4, "bias": False},
    ],
    ids=str,
)
def test_standard_equals_the_function(draw, dims, settings):
    layer = create("conv_standard", in_channels=4, out_channels=8, kernel_size=3, dims=dims, **settings).double()
    x = draw(2, 4, *SIZES[:dims])
    bias = settings.pop("bias", True)
    assert (layer.bias is not None) == bias
    torch.testing.assert_close(layer(x), CONV[dims](x, layer.weight, layer.bias, **settings))


def test_standard_takes_a_size_for_each_axis(draw):
    sizes = {"kernel_size": [3, 2], "stride": [2, 1], "padding": [0, 1], "dilation": [1, 2]}
    layer = create("conv_standard", in_channels=3, out_channels=5, **sizes).double()
    x = draw(2, 3, 9, 7)
    expected = F.conv2d(x, layer.weight, layer.bias, (2, 1), (0, 1), (1, 2))
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_standard_pads_as_it_says(draw, mode):
    layer = create("conv_standard", in_channels=3, out_channels=5, padding=1, padding_mode=mode).double()
    x = draw(2, 3, 6, 7)
    padded = F.pad(x, (1, 1, 1, 1), mode="constant" if mode == "zeros" else mode)
    torch.testing.assert_close(layer(x), F.conv2d(padded, layer.weight, layer.bias))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_equals_a_convolution_of_each_part(draw, groups):
    layer = create("conv_group", in_channels=6, out_channels=12, kernel_size=3, padding=1, groups=groups).double()
    x = draw(2, 6, 8, 7)
    parts = zip(x.chunk(groups, 1), layer.weight.chunk(groups), layer.bias.chunk(groups), strict=True)
    expected = torch.cat([F.conv2d(part, weight, bias, padding=1) for part, weight, bias in parts], 1)
    torch.testing.assert_close(layer(x), expected)
    assert layer.weight.numel() == 12 * 6 * 9 // groups


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_dilated_equals_a_kernel_with_zeros_between(draw, dims, dilation):
    layer = create(
        "conv_dilated", in_channels=2, out_channels=3, kernel_size=3, dilation=dilation, padding=0, dims=dims
    ).double()
    x = draw(2, 2, *SIZES[:dims])
    wide = torch.zeros(3, 2, *[2 * dilation + 1] * dims, dtype=torch.float64)
    wide[(..., *[slice(None, None, dilation)] * dims)] = layer.weight.detach()
    torch.testing.assert_close(layer(x), CONV[dims](x, wide, layer.bias))


def test_dilated_keeps_the_size_by_default(draw):
    layer = create("conv_dilated", in_channels=2, out_channels=3, dilation=[2, 3]).double()
    assert layer(draw(2, 2, 9, 11)).shape == (2, 3, 9, 11)


TRANSPOSED_SETTINGS = [
    {},
    {"stride": 3},
    {"stride": 2, "padding": 1},
    {"stride": 3, "output_padding": 2},
    {"stride": 1, "dilation": 2, "groups": 2},
    {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "bias": False},
]


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("settings", TRANSPOSED_SETTINGS, ids=str)
def test_transposed_equals_the_function(draw, dims, settings):
    layer = create("conv_transposed", in_channels=4, out_channels=6, kernel_size=3, dims=dims, **settings).double()
    x = draw(2, 4, *SIZES[1 : dims + 1] if dims < 3 else (3, 4, 5))
    options = {"stride": 2, **settings}
    options.pop("bias", None)
    torch.testing.assert_close(layer(x), TRANSPOSED[dims](x, layer.weight, layer.bias, **options))


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1), (3, 0)])
def test_transposed_is_the_adjoint_of_a_convolution(draw, stride, padding):
    layer = create(
        "conv_transposed", in_channels=5, out_channels=3, kernel_size=3, stride=stride, padding=padding, bias=False
    ).double()
    y = draw(2, 5, 4, 6)
    enlarged = layer(y)
    x = draw(*enlarged.shape)
    shrunk = F.conv2d(x, layer.weight, stride=stride, padding=padding)
    torch.testing.assert_close((shrunk * y).sum(), (x * enlarged).sum())


def test_transposed_doubles_the_size_by_default(draw):
    layer = create("conv_transposed", in_channels=2, out_channels=3).double()
    assert layer(draw(2, 2, 5, 7)).shape == (2, 3, 10, 14)


@pytest.mark.parametrize("stride, dilation, multiplier", [(1, 1, 1), (2, 1, 3), (1, 2, 2)])
def test_separable_equals_timm(draw, stride, dilation, multiplier):
    layer = create(
        "conv_depthwise_separable", in_channels=4, out_channels=6, stride=stride, dilation=dilation, padding=dilation,
        depth_multiplier=multiplier,
    ).double()  # fmt: skip
    peer = SeparableConv2d(4, 6, 3, stride, dilation, bias=True, channel_multiplier=multiplier).double()
    names = {"conv_dw.": "depthwise.", "conv_pw.": "pointwise."}
    state = layer.state_dict()
    peer.load_state_dict({key: state[names[key[:8]] + key[8:]] for key in peer.state_dict()})
    x = draw(2, 4, 9, 10)
    torch.testing.assert_close(layer(x), peer(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_separable_equals_a_full_kernel_of_rank_one_per_channel(draw, dims):
    layer = create(
        "conv_depthwise_separable", in_channels=3, out_channels=5, kernel_size=2, stride=2, padding=1, dims=dims
    ).double()
    kernel = layer.pointwise.weight * layer.depthwise.weight.transpose(0, 1)  # (out, in, 1...) * (1, in, k...)
    x = draw(2, 3, *SIZES[:dims])
    torch.testing.assert_close(layer(x), CONV[dims](x, kernel, layer.pointwise.bias, stride=2, padding=1))


CONVOLUTIONS = ["conv_standard", "conv_group", "conv_dilated", "conv_depthwise_separable"]


@pytest.mark.parametrize("id", [*CONVOLUTIONS, "conv_transposed"])
@pytest.mark.parametrize("parameter", ["kernel_size", "stride", "padding", "dilation"])
def test_a_size_for_too_many_axes_is_refused(id, parameter):
    groups = {"groups": 1} if id == "conv_group" else {}
    with pytest.raises(ParameterError, match=rf"'{parameter}' parameter of {id} must be one value, or a list of 2"):
        create(id, in_channels=3, out_channels=5, **groups, **{"padding": 0, parameter: (1, 2, 3)})


@pytest.mark.parametrize("id", CONVOLUTIONS)
def test_same_padding_with_a_stride_is_refused(id):
    groups = {"groups": 1} if id == "conv_group" else {}
    expected = f"The 'stride' parameter of {id} must be 1 where padding is 'same'. Got (1, 2) instead."
    with pytest.raises(ParameterError) as caught:
        create(id, in_channels=3, out_channels=5, padding="same", stride=(1, 2), **groups)
    assert str(caught.value) == expected


@pytest.mark.parametrize("id", ["conv_standard", "conv_group", "conv_transposed"])
@pytest.mark.parametrize("name, channels", [("in_channels", (3, 4)), ("out_channels", (4, 3))])
def test_groups_that_do_not_divide_are_refused(id, name, channels):
    with pytest.raises(ParameterError) as caught:
        create(id, in_channels=channels[0], out_channels=channels[1], groups=2)
    assert str(caught.value) == f"The 'groups' parameter of {id} must be a divisor of {name} (3). Got 2 instead."
    assert caught.value.message_zh == f"{id} 的参数“groups”必须是能整除 {name}（3）的数，收到：2。"


@pytest.mark.parametrize("bad", [2, (0, 2)])
def test_output_padding_of_a_whole_stride_is_refused(bad):
    with pytest.raises(
        ParameterError, match="'output_padding' parameter of conv_transposed must be smaller than stride"
    ):
        create("conv_transposed", in_channels=3, out_channels=5, stride=2, output_padding=bad)
