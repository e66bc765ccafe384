"""Convolutions whose kernels depend on the sample: against timm, one convolution a sample, and their limits."""

from __future__ import annotations

import pytest
import torch
from timm.layers import CondConv2d
from torch.nn import functional as F

from components import create
from components.errors import InputError

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SIZES = (9, 8, 7)
MIXED = ["conv_condconv", "conv_dynamic", "conv_dynet", "conv_odconv"]


def parts(layer, x, dims, **settings):
    """The outputs (B, K, O, *) of every expert on its own."""
    biases = [None] * len(layer.weight) if layer.bias is None else layer.bias
    each = [CONV[dims](x, w, b, **settings) for w, b in zip(layer.weight, biases, strict=True)]
    return torch.stack(each, 1)


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "padding": 1}, {"groups": 2}, {"dilation": 2}], ids=str)
def test_condconv_equals_timm(draw, settings):
    layer = create("conv_condconv", in_channels=4, out_channels=6, num_experts=3, **settings).double()
    peer = CondConv2d(4, 6, 3, **{"padding": 0, "bias": True, "num_experts": 3, **settings}).double()
    with torch.no_grad():
        peer.weight.copy_(layer.weight.flatten(1))
        peer.bias.copy_(layer.bias)
    x, routing = draw(3, 4, 9, 8), draw(3, 3).sigmoid()
    torch.testing.assert_close(layer(x, routing), peer(x, routing))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_condconv_routes_by_the_mean_of_the_sample(draw, dims):
    layer = create("conv_condconv", in_channels=4, out_channels=6, num_experts=3, dims=dims).double()
    x = draw(3, 4, *SIZES[:dims])
    mean = x.flatten(2).sum(2) / x[0, 0].numel()
    shares = 1 / (1 + torch.exp(-(mean @ layer.router.weight.T + layer.router.bias)))
    expected = torch.einsum("bk,bko...->bo...", shares, parts(layer, x, dims))
    torch.testing.assert_close(layer(x), expected)


def test_condconv_with_one_expert_for_a_sample_is_its_convolution(draw):
    layer = create("conv_condconv", in_channels=4, out_channels=6, num_experts=3).double()
    x = draw(3, 4, 9, 8)
    chosen = torch.tensor([2, 0, 1])
    y = layer(x, F.one_hot(chosen, 3).double())
    for sample, expert in enumerate(chosen):
        alone = F.conv2d(x[sample : sample + 1], layer.weight[expert], layer.bias[expert])
        torch.testing.assert_close(y[sample : sample + 1], alone)


def test_condconv_refuses_routing_of_another_shape(draw):
    layer = create("conv_condconv", in_channels=4, num_experts=3).double()
    with pytest.raises(
        InputError, match=r"a weight for each of the 3 experts: routing of shape \(2, 3\). Got \(2, 4\)"
    ):
        layer(draw(2, 4, 5, 6), draw(2, 4))


def scores(layers, x):
    """What an attention of two linear layers says of the mean of a sample."""
    first, _, last = layers
    return (x.flatten(2).mean(2) @ first.weight.T + first.bias).clamp(min=0) @ last.weight.T + last.bias


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("temperature", [0.5, 30.0])
def test_dynamic_averages_the_kernels(draw, dims, temperature):
    layer = create(
        "conv_dynamic", in_channels=4, out_channels=6, num_experts=3, temperature=temperature, dims=dims
    ).double()  # fmt: skip
    x = draw(3, 4, *SIZES[:dims])
    exponents = torch.exp(scores(layer.attention, x) / temperature)
    shares = exponents / exponents.sum(1, keepdim=True)
    torch.testing.assert_close(layer(x), torch.einsum("bk,bko...->bo...", shares, parts(layer, x, dims)))


def test_dynamic_of_equal_kernels_is_their_convolution(draw):
    torch.manual_seed(0)
    layer = create("conv_dynamic", in_channels=4, out_channels=6, num_experts=3, temperature=0.1).double()
    with torch.no_grad():
        layer.weight.copy_(layer.weight[:1].expand_as(layer.weight).clone())
        layer.bias.copy_(layer.bias[:1].expand_as(layer.bias).clone())
    x = 20 * draw(2, 4, 9, 8)
    assert layer.shares(x).max() > 0.6
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight[0], layer.bias[0]))


def test_dynamic_at_a_high_temperature_uses_the_mean_kernel(draw):
    layer = create("conv_dynamic", in_channels=4, out_channels=6, temperature=1e9).double()
    x = draw(2, 4, 9, 8)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight.mean(0), layer.bias.mean(0)))


def test_dynamic_follows_a_schedule(draw):
    torch.manual_seed(0)
    warm = create("conv_dynamic", in_channels=4, out_channels=6, temperature=30.0).double()
    cold = create("conv_dynamic", in_channels=4, out_channels=6, temperature=3.0).double()
    cold.load_state_dict(warm.state_dict())
    x = 20 * draw(2, 4, 9, 8)
    assert not torch.allclose(warm(x), cold(x))
    warm.follow(0.1)
    torch.testing.assert_close(warm(x), cold(x))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_dynet_mixes_for_each_output_channel(draw, dims):
    layer = create("conv_dynet", in_channels=4, out_channels=6, num_experts=3, dims=dims).double()
    x = draw(2, 4, *SIZES[:dims])
    shares = layer.shares(x)
    assert shares.shape == (2, 6, 3) and ((shares > 0) & (shares < 1)).all()
    linear = layer.coefficients(x.flatten(2).mean(2))
    experts = parts(layer, x, dims)
    expected = torch.zeros_like(experts[:, 0])
    for sample in range(2):
        for channel in range(6):
            for expert in range(3):
                share = torch.sigmoid(linear[sample, 3 * channel + expert])
                expected[sample, channel] += share * experts[sample, expert, channel]
    torch.testing.assert_close(layer(x), expected)


def test_dynet_with_equal_channels_is_condconv(draw):
    layer = create("conv_dynet", in_channels=4, out_channels=6, num_experts=3, stride=2).double()
    peer = create("conv_condconv", in_channels=4, out_channels=6, num_experts=3, stride=2).double()
    with torch.no_grad():
        layer.coefficients.weight.copy_(peer.router.weight.repeat(6, 1))
        layer.coefficients.bias.copy_(peer.router.bias.repeat(6))
    peer.load_state_dict({**peer.state_dict(), "weight": layer.weight, "bias": layer.bias})
    x = draw(2, 4, 9, 8)
    torch.testing.assert_close(layer(x), peer(x))


def neutral(linear):
    """A layer of sigmoids that are all 1."""
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.constant_(linear.bias, 100.0)


def test_odconv_with_three_neutral_attentions_is_dynamic(draw):
    layer = create("conv_odconv", in_channels=4, out_channels=6, num_experts=3, temperature=0.7, reduction=1).double()
    peer = create("conv_dynamic", in_channels=4, out_channels=6, num_experts=3, temperature=0.7, reduction=1).double()
    for linear in (layer.taps, layer.inputs, layer.outputs):
        neutral(linear)
    peer.attention[0].load_state_dict(layer.squeeze[0].state_dict())
    peer.attention[2].load_state_dict(layer.kernels.state_dict())
    with torch.no_grad():
        peer.weight.copy_(layer.weight)
        peer.bias.copy_(layer.bias)
    x = draw(2, 4, 9, 8)
    torch.testing.assert_close(layer(x), peer(x))
    torch.nn.init.zeros_(layer.kernels.weight)
    torch.nn.init.zeros_(layer.kernels.bias)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight.mean(0), layer.bias.mean(0)))


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_odconv_scales_every_dimension_of_the_kernel(draw, dims, groups):
    layer = create(
        "conv_odconv", in_channels=4, out_channels=6, num_experts=3, dims=dims, groups=groups, temperature=2.0
    ).double()  # fmt: skip
    x = draw(2, 4, *SIZES[:dims])
    z = layer.squeeze(x.flatten(2).mean(2))
    shares = (layer.kernels(z) / 2).softmax(1)
    taps, inputs, outputs = (torch.sigmoid(f(z) / 2) for f in (layer.taps, layer.inputs, layer.outputs))
    for sample in range(2):
        kernel = sum(share * w for share, w in zip(shares[sample], layer.weight, strict=True)).flatten(2)
        scaled = torch.einsum("oct,t,c,o->oct", kernel, taps[sample], inputs[sample], outputs[sample])
        expected = CONV[dims](x[sample : sample + 1], scaled.view(layer.weight[0].shape), groups=groups)
        expected = expected + (shares[sample] @ layer.bias).view(1, -1, *[1] * dims)
        torch.testing.assert_close(layer(x)[sample : sample + 1], expected)


@pytest.mark.parametrize("id", MIXED)
@pytest.mark.parametrize("settings", [{"padding": "same"}, {"stride": (1, 2), "padding": (0, 1)}], ids=str)
def test_settings_are_those_of_a_convolution(draw, id, settings):
    layer = create(id, in_channels=4, out_channels=6, **settings).double()
    assert layer(draw(2, 4, 9, 8)).shape == F.conv2d(draw(2, 4, 9, 8), layer.weight[0], **settings).shape


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "padding": 1}, {"kernel_size": (3, 2), "dilation": 2}], ids=str)
def test_drconv_convolves_each_region_with_its_kernel(draw, settings):
    torch.manual_seed(0)
    layer = create("conv_drconv", in_channels=3, out_channels=5, regions=4, **settings).double()
    x = draw(2, 3, 9, 8)
    size = layer.guide.kernel_size
    slides = {name: value for name, value in settings.items() if name != "kernel_size"}
    region = F.conv2d(x, layer.guide.weight, layer.guide.bias, **slides).argmax(1)
    made = layer.filters(x).view(2, 4, 5, 3, *size)
    y = layer(x)
    for sample in range(2):
        each = [F.conv2d(x[sample : sample + 1], kernel, **slides)[0] for kernel in made[sample]]
        for row in range(y.shape[2]):
            for column in range(y.shape[3]):
                expected = each[region[sample, row, column]][:, row, column]
                torch.testing.assert_close(y[sample, :, row, column], expected)
    assert region.unique().numel() > 1


def test_drconv_with_one_region_uses_its_kernel_everywhere(draw):
    layer = create("conv_drconv", in_channels=3, out_channels=5, regions=1).double()
    x = draw(2, 3, 9, 8)
    first, _, last = list(layer.filters)[1:]
    small = F.adaptive_avg_pool2d(x, 3).flatten(2)
    hidden = torch.sigmoid(torch.einsum("rc,bcp->brp", first.weight[..., 0, 0], small) + first.bias[:, None])
    kernels = torch.einsum("qr,brp->bqp", last.weight[..., 0, 0], hidden) + last.bias[:, None]
    for sample in range(2):
        alone = F.conv2d(x[sample : sample + 1], kernels[sample].view(5, 3, 3, 3))
        torch.testing.assert_close(layer(x)[sample : sample + 1], alone)


def test_drconv_chooses_one_region_and_learns_to_choose(draw):
    torch.manual_seed(0)
    layer = create("conv_drconv", in_channels=3, out_channels=5, regions=4).double()
    x = draw(2, 3, 9, 8)
    mask = layer.mask(x)
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(mask.sum(1), torch.ones_like(mask[:, 0]))
    weights = draw(*mask.shape)
    (gradient,) = torch.autograd.grad((mask * weights).sum(), layer.guide.bias)
    (expected,) = torch.autograd.grad((layer.guide(x).softmax(1) * weights).sum(), layer.guide.bias)
    torch.testing.assert_close(gradient, expected)
