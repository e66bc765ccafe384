"""Convolutions that attend to their own weights, against their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional as F

from components import create

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
SIZES = (9, 8, 7)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_excitation_that_is_neutral_is_a_convolution(draw, dims):
    layer = create(
        "attn_weight_excitation", in_channels=4, out_channels=6, magnitude=False, dims=dims, stride=2
    ).double()  # fmt: skip
    last = layer.location[0][2]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, 100.0)  # sigmoids of 1
    x = draw(2, 4, *SIZES[:dims])
    torch.testing.assert_close(layer(x), CONV[dims](x, layer.weight, layer.bias, stride=2))


@pytest.mark.parametrize("groups", [1, 2])
def test_excitation_by_location_weighs_pairs_of_channels(draw, groups):
    layer = create(
        "attn_weight_excitation", in_channels=6, out_channels=4, magnitude=False, groups=groups, reduction=1
    ).double()  # fmt: skip
    first, _, last = layer.location[0]
    kernel = layer.weight.detach().clone()
    for channel, row in enumerate(layer.weight):
        mean = torch.stack([taps.sum() / 9 for taps in row])
        hidden = (first.weight @ mean + first.bias).clamp(min=0)
        for number, score in enumerate(last.weight @ hidden + last.bias):
            kernel[channel, number] /= 1 + torch.exp(-score.detach())
    x = draw(2, 6, 9, 8)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.bias, groups=groups))


@pytest.mark.parametrize("eps", [0.05, 0.2])
def test_excitation_by_magnitude_follows_the_formula(draw, eps):
    layer = create("attn_weight_excitation", in_channels=3, out_channels=2, location=False, eps=eps).double()
    highest = (1 + eps) * max(abs(w) for w in layer.weight.flatten().tolist())
    raised = [highest * 0.5 * math.log((1 + w / highest) / (1 - w / highest)) for w in layer.weight.flatten().tolist()]
    kernel = torch.tensor(raised, dtype=torch.float64).view_as(layer.weight)
    x = draw(2, 3, 9, 8)
    torch.testing.assert_close(layer(x), F.conv2d(x, kernel, layer.bias))
    # Its gradient is that of the weight times M^2 / (M^2 - w^2).
    (gradient,) = torch.autograd.grad(layer.kernel().sum(), layer.weight)
    torch.testing.assert_close(gradient, highest**2 / (highest**2 - layer.weight.detach().square()))


def test_excitation_can_be_baked_into_one_convolution(draw):
    layer = create("attn_weight_excitation", in_channels=4, out_channels=6, padding=1).double().eval()
    baked = create("conv_standard", in_channels=4, out_channels=6, padding=1).double()
    baked.load_state_dict({"weight": layer.kernel(), "bias": layer.bias})
    x = draw(2, 4, 9, 8)
    torch.testing.assert_close(layer(x), baked(x))
    assert not torch.allclose(layer.kernel(), layer.weight)


def test_excitation_of_zero_weights_stays_zero():
    layer = create("attn_weight_excitation", in_channels=4, out_channels=6)
    torch.nn.init.zeros_(layer.weight)
    assert not layer.kernel().any()


@pytest.mark.parametrize("settings", [{}, {"stride": 2, "padding": 1, "groups": 2}, {"kernel_size": (3, 2)}], ids=str)
def test_attention_of_ones_is_a_convolution(draw, settings):
    layer = create("attn_aw_conv", in_channels=4, out_channels=6, **settings).double()
    torch.nn.init.zeros_(layer.attention[3].weight)
    torch.nn.init.constant_(layer.attention[3].bias, 100.0)  # sigmoids of 1
    x = draw(2, 4, 9, 8)
    slides = {name: value for name, value in settings.items() if name != "kernel_size"}
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight, layer.bias, **slides))


def test_attention_recalibrates_the_input_of_each_output_channel(draw):
    # The paper's reading: attention on the windows of the input first, for each output channel, then the kernel.
    layer = create("attn_aw_conv", in_channels=3, out_channels=4, reduction=1).double()
    x = draw(2, 3, 6, 7)
    y = layer(x)
    _, first, _, last, _ = layer.attention
    for sample in range(2):
        pooled = F.adaptive_avg_pool2d(x[sample], 3)
        hidden = torch.einsum("hc,cij->hij", first.weight[..., 0, 0], pooled) + first.bias.view(-1, 1, 1)
        scores = torch.einsum("ah,hij->aij", last.weight[..., 0, 0], hidden.clamp(min=0)) + last.bias.view(-1, 1, 1)
        maps = torch.sigmoid(scores).view(4, 3, 3, 3)
        for channel in range(4):
            for row in range(4):
                for column in range(5):
                    window = x[sample, :, row : row + 3, column : column + 3] * maps[channel]
                    expected = (window * layer.weight[channel]).sum() + layer.bias[channel]
                    torch.testing.assert_close(y[sample, channel, row, column], expected)
