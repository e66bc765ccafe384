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
