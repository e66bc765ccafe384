"""Convolutions with taps of their own kind: spread, split into lines, moved, made in place, or knowing where they are."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F
from torchvision.ops import DeformConv2d

from components import create
from components.errors import InputError
from components.spec import ParameterError

# ------------------------------------------------------------------ inception


@pytest.mark.parametrize("dilation", [(1, 1), (2, 2), (3, 1)])
def test_inception_of_one_dilation_is_a_dilated_convolution(draw, dilation):
    layer = create("conv_inception", in_channels=3, out_channels=5, dilations=(dilation,)).double()
    x = draw(2, 3, 9, 8)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, layer.bias, padding=dilation, dilation=dilation))


@pytest.mark.parametrize("stride", [1, 2, (2, 1)])
def test_inception_gives_each_channel_its_own_dilations(draw, stride):
    dilations = ((2, 1), (1, 3), (2, 1), (2, 2))
    layer = create(
        "conv_inception", in_channels=3, out_channels=7, kernel_size=(3, 5), stride=stride, dilations=dilations
    ).double()  # fmt: skip
    x = draw(2, 3, 9, 8)
    y = layer(x)
    assert y.shape[2:] == tuple(
        math.ceil(n / s) for n, s in zip((9, 8), (stride, stride) if stride in (1, 2) else stride, strict=True)
    )
    for channel in range(7):
        down, across = dilations[channel % 4]
        alone = F.conv2d(
            x, layer.weight[channel : channel + 1], layer.bias[channel : channel + 1], stride,
            padding=(down, 2 * across), dilation=(down, across),
        )  # fmt: skip
        torch.testing.assert_close(y[:, channel : channel + 1], alone)


def test_inception_needs_a_middle():
    with pytest.raises(ParameterError, match="'kernel_size' parameter of conv_inception must be odd"):
        create("conv_inception", in_channels=3, kernel_size=4)


# ------------------------------------------------------------------ lines of taps

SETTINGS = [
    {},
    {"kernel_size": (3, 5), "stride": (2, 1), "padding": (0, 2)},
    {"kernel_size": (2, 3), "padding": (1, 0), "dilation": (1, 3), "bias": False},
    {"padding": "same", "dilation": 2},
]


def slides(settings):
    return {name: value for name, value in settings.items() if name in ("stride", "padding", "dilation")}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("middle", [None, 4])
def test_spatially_separable_is_a_convolution_with_a_sum_of_outer_products(draw, settings, middle):
    layer = create(
        "conv_spatially_separable", in_channels=3, out_channels=5, mid_channels=middle, **settings
    ).double()  # fmt: skip
    columns, rows = layer.column.weight[..., 0], layer.row.weight[:, :, 0]  # (m, in, k_h), (out, m, k_w)
    assert len(columns) == (middle or 5)
    kernel = torch.einsum("mch,omw->ochw", columns, rows)
    x = draw(2, 3, 11, 12)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.row.bias, **slides(settings)))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_flattened_is_a_convolution_with_kernels_of_rank_one(draw, settings):
    layer = create("conv_flattened", in_channels=3, out_channels=5, **settings).double()
    lines = layer.lateral.weight[:, :, 0, 0], layer.column.weight[:, 0, :, 0], layer.row.weight[:, 0, 0]
    kernel = torch.einsum("oc,oh,ow->ochw", *lines)
    x = draw(2, 3, 11, 12)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.row.bias, **slides(settings)))
    assert sum(p.numel() for p in layer.parameters()) == sum(n.numel() for n in lines) + 5 * settings.get("bias", True)


# ------------------------------------------------------------------ deformable


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "padding": 1}, {"dilation": (1, 2), "groups": 2}], ids=str)
@pytest.mark.parametrize("movers", [1, 2])
def test_deformable_equals_torchvision(draw, settings, movers):
    layer = create("conv_deformable", in_channels=4, out_channels=6, kernel_size=(3, 2), **settings).double()
    peer = DeformConv2d(4, 6, (3, 2), **settings).double()
    peer.load_state_dict(layer.state_dict())
    x = draw(2, 4, 9, 8)
    size = F.conv2d(x, peer.weight, **settings).shape[2:]
    offset, mask = draw(2, 12 * movers, *size), draw(2, 6 * movers, *size).sigmoid()
    torch.testing.assert_close(layer(x, offset), peer(x, offset))
    torch.testing.assert_close(layer(x, offset, mask), peer(x, offset, mask))


def test_deformable_that_does_not_move_is_a_convolution(draw):
    layer = create("conv_deformable", in_channels=3, out_channels=5, padding=1).double()
    x = draw(2, 3, 9, 8)
    still, whole = x.new_zeros(2, 18, 9, 8), x.new_ones(2, 9, 9, 8)
    expected = F.conv2d(x, layer.weight, layer.bias, padding=1)
    torch.testing.assert_close(layer(x, still), expected)
    torch.testing.assert_close(layer(x, still, whole), expected)


def test_deformable_moved_by_whole_samples_sees_the_shifted_image(draw):
    layer = create("conv_deformable", in_channels=3, out_channels=5).double()
    x = draw(2, 3, 9, 10)
    offset = x.new_tensor([1.0, -2.0]).repeat(9).view(1, 18, 1, 1).expand(2, -1, 7, 8)  # down one, left two
    shifted = x.roll((-1, 2), (2, 3))
    inside = (..., slice(None, -1), slice(2, None))
    torch.testing.assert_close(layer(x, offset)[inside], F.conv2d(shifted, layer.weight, layer.bias)[inside])


@pytest.mark.parametrize("port, shape", [("offset", (2, 17, 7, 6)), ("offset", (2, 18, 9, 8)), ("mask", (2, 18, 7, 5))])
def test_deformable_refuses_offsets_and_masks_of_another_shape(draw, port, shape):
    layer = create("conv_deformable", in_channels=3, out_channels=5).double()
    given = {"offset": draw(2, 18, 7, 6), port: draw(*shape)}
    with pytest.raises(InputError, match=rf"The {port} needs a multiple of .*Got \({shape[0]}, {shape[1]}, "):
        layer(draw(2, 3, 9, 8), **given)


# ------------------------------------------------------------------ involution


@pytest.mark.parametrize("groups, stride, dilation", [(1, 1, 1), (2, 1, 2), (4, 2, 1), (2, 3, 1)])
def test_involution_follows_the_formula(draw, groups, stride, dilation):
    layer = create(
        "conv_involution", in_channels=4, kernel_size=3, groups=groups, stride=stride, dilation=dilation, reduction=2
    ).double().eval()  # fmt: skip
    torch.nn.init.uniform_(layer.reduce[1].running_mean)
    x = draw(2, 4, 7, 8)
    y = layer(x)
    assert y.shape == (2, 4, math.ceil(7 / stride), math.ceil(8 / stride))
    padded = F.pad(x, (dilation,) * 4)
    for row in range(y.shape[2]):
        for column in range(y.shape[3]):
            top, left = row * stride, column * stride
            here = x[:, :, top : top + stride, left : left + stride].mean((2, 3))
            norm = layer.reduce[1]
            hidden = (here @ layer.reduce[0].weight[:, :, 0, 0].T - norm.running_mean) / (1 + norm.eps) ** 0.5
            kernels = hidden.clamp(min=0) @ layer.span.weight[:, :, 0, 0].T + layer.span.bias
            window = padded[:, :, top : top + 2 * dilation + 1 : dilation, left : left + 2 * dilation + 1 : dilation]
            for channel in range(4):
                kernel = kernels.view(2, groups, 3, 3)[:, channel // (4 // groups)]
                expected = (kernel * window[:, channel]).sum((1, 2))
                torch.testing.assert_close(y[:, channel, row, column], expected)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_involution_with_constant_kernels_is_a_depthwise_convolution(draw, groups):
    layer = create("conv_involution", in_channels=4, kernel_size=5, groups=groups).double()
    torch.nn.init.zeros_(layer.span.weight)
    kernel = layer.span.bias.view(groups, 1, 5, 5).repeat_interleave(4 // groups, 0)
    x = draw(2, 4, 9, 8)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, padding=2, groups=4))


# ------------------------------------------------------------------ coordinates


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("radius", [False, True])
def test_coordconv_without_weights_for_places_is_a_convolution(draw, dims, radius):
    layer = create("conv_coordconv", in_channels=3, out_channels=5, dims=dims, radius=radius, stride=2).double()
    with torch.no_grad():
        layer.conv.weight[:, 3:] = 0
    x = draw(2, 3, *(9, 8, 7)[:dims])
    plain = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}[dims](x, layer.conv.weight[:, :3], layer.conv.bias, stride=2)
    torch.testing.assert_close(layer(x), plain)


def test_coordconv_sees_where_it_is():
    layer = create("conv_coordconv", in_channels=1, out_channels=3, kernel_size=1, radius=True, bias=False).double()
    with torch.no_grad():
        layer.conv.weight.copy_(torch.eye(4).double()[1:].view(3, 4, 1, 1))
    down, across, radius = layer(torch.zeros(1, 1, 5, 3, dtype=torch.float64))[0]
    torch.testing.assert_close(down[:, 1], torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]).double())
    torch.testing.assert_close(across[2], torch.tensor([-1.0, 0.0, 1.0]).double())
    torch.testing.assert_close(radius[:, 0], torch.tensor([2, 1.25, 1, 1.25, 2]).double().sqrt())
