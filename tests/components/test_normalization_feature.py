"""Norms that see one sample at a time, against their papers' formulas and timm."""

from __future__ import annotations

import math

import pytest
import timm.layers
import torch
from torch import nn
from torch.nn import functional as F

from components import create
from components.spec import ParameterError
from tests.components.test_normalization import SHAPES, on_channels, perturbed, standardised


@pytest.mark.parametrize("norm, axes", [("batch", (0, 2, 3)), ("instance", (2, 3))])
def test_spade_scales_and_shifts_each_position(draw, norm, axes):
    spade = perturbed(
        create("norm_spade", num_features=3, label_channels=4, hidden_size=5, kernel_size=3, norm=norm, eps=0.01)
    )
    x, seg = draw(2, 3, 8, 6), draw(2, 4, 4, 3)
    large = seg.repeat_interleave(2, 2).repeat_interleave(2, 3)  # the nearest neighbour of twice the size

    def filtered(z, conv):
        """The convolution as a sum over its taps."""
        padded = F.pad(z, (1, 1, 1, 1))
        taps = [
            torch.einsum("oi,bihw->bohw", conv.weight[:, :, r, c], padded[:, :, r : r + 8, c : c + 6])
            for r in range(3)
            for c in range(3)
        ]
        return sum(taps) + on_channels(conv.bias, z)

    hidden = filtered(large, spade.shared).clamp(min=0)
    expected = standardised(x, axes, 0.01) * (1 + filtered(hidden, spade.gamma)) + filtered(hidden, spade.beta)
    torch.testing.assert_close(spade(x, seg), expected)
    for conv in (spade.gamma, spade.beta):
        nn.init.zeros_(conv.weight)
        nn.init.zeros_(conv.bias)
    torch.testing.assert_close(spade(x, seg), standardised(x, axes, 0.01))


def test_spade_refuses_an_even_filter():
    with pytest.raises(ParameterError, match=r"must be odd\. Got 4"):
        create("norm_spade", num_features=3, label_channels=2, kernel_size=4)


def test_filter_response_equals_timm(draw):
    peer = timm.layers.FilterResponseNormTlu2d(3, eps=0.01).double()
    norm = perturbed(create("norm_frn", num_features=3, eps=0.01))
    with torch.no_grad():
        for name in ("weight", "bias", "tau"):
            peer.get_parameter(name).copy_(norm.get_parameter(name))
    x = draw(4, 3, 5, 7) * 2
    torch.testing.assert_close(norm(x), peer(x))
    torch.testing.assert_close(norm(x[:1]), norm(x)[:1])


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_filter_response_without_threshold(draw, dims):
    norm = create("norm_frn", num_features=3, eps=1e-12, threshold=False).double()
    x = draw(*SHAPES[dims]) * 3
    y = norm(x)
    torch.testing.assert_close(y.flatten(2).square().mean(2), torch.ones(5, 3).double())
    low = create("norm_frn", num_features=3, eps=1e-12).double()
    nn.init.constant_(low.tau, -1e9)
    torch.testing.assert_close(low(x), y)


def test_adain_has_the_statistics_of_the_style(draw):
    content, style = draw(2, 3, 5, 7) * 4 + 2, draw(2, 3, 6, 4) * 0.5 - 1
    y = create("norm_adain", eps=1e-12)(content, style)
    torch.testing.assert_close(y.mean((2, 3)), style.mean((2, 3)))
    torch.testing.assert_close(y.std((2, 3), correction=0), style.std((2, 3), correction=0))
    # What is left once both are standardised is the content.
    torch.testing.assert_close(standardised(y, (2, 3), 0.0), standardised(content, (2, 3), 0.0))


@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_adain_with_itself_is_the_identity(draw, eps):
    x = draw(2, 3, 11)
    torch.testing.assert_close(create("norm_adain", eps=eps)(x, x), x)


def test_dynamic_tanh(draw):
    norm = perturbed(create("norm_dynamic_tanh", normalized_shape=7))
    x = draw(2, 5, 7) * 3
    expected = (2 / (1 + torch.exp(-2 * norm.alpha * x)) - 1) * norm.weight + norm.bias
    torch.testing.assert_close(norm(x), expected)
    assert create("norm_dynamic_tanh", normalized_shape=7, alpha=0.8).alpha.item() == pytest.approx(0.8)


def test_dynamic_isru_is_what_rms_norm_does_to_one_value(draw):
    # Whatever the value is, the squares of the others sum to a constant: RMS normalization of such vectors.
    features, others = 7, 4.0
    x = draw(50) * 5
    vectors = torch.cat((x[:, None], torch.full((50, features - 1), math.sqrt(others / (features - 1)))), 1).double()
    expected = vectors[:, 0] / vectors.square().mean(1).sqrt()
    norm = create("norm_dynamic_tanh", normalized_shape=features, function="isru").double()
    nn.init.constant_(norm.alpha, math.sqrt(features / others))
    torch.testing.assert_close(norm(x[:, None].expand(-1, features))[:, 3], expected)


def test_cosine_equals_the_similarity(draw):
    layer = create("norm_cosine", in_features=7, out_features=5).double()
    x = draw(2, 3, 7)
    expected = torch.stack([F.cosine_similarity(x, row, dim=-1) for row in layer.weight], -1)
    y = layer(x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(layer(9 * x), y)
    with torch.no_grad():
        layer.weight.mul_(torch.tensor([[0.1], [2.0], [3.0], [4.0], [50.0]]))
    torch.testing.assert_close(layer(x), y)
    torch.testing.assert_close(layer(layer.weight).diagonal(), torch.ones(5).double())


class Branch(nn.Module):
    """A branch with a weight of its own."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(7, 7)

    def forward(self, x):
        return self.linear(x).tanh()


def mixed(**params):
    torch.manual_seed(0)
    return create("norm_mix_ln", branch=Branch(), normalized_shape=7, **params).double()


@pytest.mark.parametrize("share, depth, behind", [(0.0, 1, False), (1.0, 8, True), (0.25, 2, True), (0.25, 3, False)])
def test_mix_layer_norm_stands_behind_the_first_layers(draw, share, depth, behind):
    block, x = mixed(share=share, depth=depth, num_layers=8), draw(2, 5, 7)
    if behind:
        expected = standardised(x + block.branch(x), (-1,), 1e-5)
    else:
        expected = x + block.branch(standardised(x, (-1,), 1e-5))
    torch.testing.assert_close(block(x), expected)


def test_scaled_layer_norm_shrinks_with_the_root_of_the_depth(draw):
    block, x = mixed(mode="scaled", depth=4), draw(2, 5, 7)
    torch.testing.assert_close(block(x), x + block.branch(standardised(x, (-1,), 1e-5) / 2))


def test_a_layer_beyond_the_last_is_refused():
    with pytest.raises(ParameterError, match=r"must be at most num_layers \(3\). Got 4"):
        mixed(depth=4, num_layers=3)


def test_rezero_begins_as_the_identity(draw):
    layer = create("norm_rezero").double()
    x, branch = draw(7), draw(7, 7)
    jacobian = torch.autograd.functional.jacobian(lambda z: layer(z[None], torch.tanh(z[None] @ branch))[0], x)
    assert torch.equal(jacobian, torch.eye(7).double())
    nn.init.constant_(layer.alpha, -0.5)
    residual = draw(1, 7)
    torch.testing.assert_close(layer(x[None], residual), x[None] - residual / 2)
