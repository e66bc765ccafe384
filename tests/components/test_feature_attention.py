"""Attention over channels and positions, against torchvision and timm with copied weights and against formulas."""

import math

import pytest
import timm.layers
import torch
import torch.nn.functional as F
import torchvision
from timm.layers.cbam import CbamModule
from timm.layers.coord_attn import CoordAttn

from components import create
from components.spec import ParameterError
from tests.components.attention_support import copied, make


def test_se_equals_torchvision(draw):
    ours = make("attn_se", in_channels=12, reduction=3)
    x = draw(2, 12, 5, 7)
    torch.testing.assert_close(ours(x), copied(ours, torchvision.ops.SqueezeExcitation(12, 4))(x))


@pytest.mark.parametrize("size", [(9,), (5, 7), (3, 4, 5)])
def test_se_has_one_gate_per_channel(draw, size):
    x = draw(2, 6, *size)
    gate = (make("attn_se", in_channels=6, reduction=2)(x) / x).flatten(2)
    torch.testing.assert_close(gate, gate[..., :1].expand_as(gate))
    assert ((gate > 0) & (gate < 1)).all()


@pytest.mark.parametrize("groups", [1, 2])
def test_sk_equals_timm(draw, groups):
    ours = make("attn_sk", in_channels=4, min_channels=8, groups=groups)
    peer = timm.layers.SelectiveKernel(4, rd_channels=8, split_input=False, groups=groups)
    x = draw(3, 4, 9, 7)
    torch.testing.assert_close(ours(x), copied(ours, peer)(x))


def test_sk_of_equal_branches_is_one_of_them(draw):
    ours = make("attn_sk", in_channels=4, branches=3, min_channels=5)
    ours.branches[1] = ours.branches[2] = ours.branches[0]
    x = draw(2, 4, 6, 7)
    torch.testing.assert_close(ours(x), ours.branches[0](x))


def test_eca_equals_timm(draw):
    ours = make("attn_eca", in_channels=6, kernel_size=5)
    x = draw(2, 6, 5, 7)
    torch.testing.assert_close(ours(x), copied(ours, timm.layers.EcaModule(kernel_size=5))(x))


@pytest.mark.parametrize("channels, taps", [(2, 1), (8, 3), (64, 3), (128, 5), (512, 5), (2048, 7)])
def test_eca_chooses_its_taps_by_the_number_of_channels(channels, taps):
    exact = (math.log2(channels) + 1) / 2
    assert abs(taps - exact) <= 1  # the nearest odd number, or the next one where two are as near
    assert [p.numel() for p in create("attn_eca", in_channels=channels).parameters()] == [taps]


@pytest.mark.parametrize("id", ["attn_eca", "attn_cbam"])
def test_even_kernels_are_refused(id):
    with pytest.raises(ParameterError, match=rf"'kernel_size' parameter of {id} must be odd. Got 4 instead."):
        create(id, in_channels=6, kernel_size=4)


def test_scse_is_the_sum_of_both_gated_maps(draw):
    ours = make("attn_scse", in_channels=6, reduction=2)
    x = draw(2, 6, 3, 4)
    peer = copied(ours.channel, torchvision.ops.SqueezeExcitation(6, 3))
    kernel = ours.spatial.weight[0, :, 0, 0]
    spatial = torch.stack([x[:, :, i, j] @ kernel for i in range(3) for j in range(4)], -1).unflatten(-1, (3, 4))
    spatial = torch.sigmoid(spatial + ours.spatial.bias)
    torch.testing.assert_close(ours(x), peer(x) + x * spatial[:, None])


def test_bam_gate_is_a_channel_term_plus_a_position_term(draw):
    ours = make("attn_bam", in_channels=6, reduction=2, dilation=2)
    x = draw(3, 6, 8, 9)
    logits = torch.special.logit(ours(x) / x - 1)
    first = logits - logits[:, :1]  # what the channels differ by is the same at all positions
    torch.testing.assert_close(first, first[..., :1, :1].expand_as(first))
    w1, b1, w2, b2 = (p for p in ours.channel.parameters())
    hidden = torch.stack([w1 @ sample.mean((1, 2)) + b1 for sample in x]).clamp(min=0)
    channel = hidden @ w2.T + b2
    norm = ours.channel_norm
    channel = (channel - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    convolutions = [layer for layer in ours.spatial if isinstance(layer, torch.nn.Conv2d)]
    spatial = x
    for layer, dilation in zip(convolutions, (1, 2, 2, 1), strict=True):
        padding = dilation * (layer.kernel_size[0] // 2)
        spatial = F.conv2d(spatial, layer.weight, layer.bias, padding=padding, dilation=dilation)
        spatial = spatial if layer is convolutions[-1] else spatial.relu()
    norm = ours.spatial[-1]
    spatial = (spatial - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
    torch.testing.assert_close(logits, channel[:, :, None, None] + spatial)


@pytest.mark.parametrize("training", [False, True])
def test_cbam_equals_timm(draw, training):
    ours = make("attn_cbam", in_channels=12, reduction=3)
    peer = copied(ours, CbamModule(12, rd_channels=4)).train(training)
    x = draw(2, 12, 9, 8)
    torch.testing.assert_close(ours.train(training)(x), peer(x))


@pytest.mark.parametrize("training", [False, True])
def test_coordinate_equals_timm(draw, training):
    ours = make("attn_coordinate", in_channels=6, min_channels=4)
    peer = copied(
        ours, CoordAttn(6, rd_channels=4, bias=True, act_layer=torch.nn.Hardswish), skip=("conv1.bias",)
    ).train(training)
    x = draw(2, 6, 5, 7)
    torch.testing.assert_close(ours.train(training)(x), peer(x))


def test_coordinate_gate_is_a_product_of_a_row_and_a_column(draw):
    x = draw(2, 6, 5, 7)
    gate = make("attn_coordinate", in_channels=6)(x) / x
    torch.testing.assert_close(gate * gate[..., :1, :1], gate[..., :1] * gate[..., :1, :])


@pytest.mark.parametrize("size", [(9,), (5, 7), (3, 4, 5)])
def test_simam_equals_its_formula(draw, size):
    x = draw(2, 3, *size)
    expected = torch.empty_like(x)
    for sample in range(2):
        for channel in range(3):
            values = x[sample, channel]
            energy = (values - values.mean()) ** 2 / (4 * (values.var() + 0.01)) + 0.5
            expected[sample, channel] = values / (1 + (-energy).exp())
    torch.testing.assert_close(create("attn_simam", eps=0.01)(x), expected)


def test_simam_of_a_single_position_is_finite(draw):
    x = draw(2, 3, 1, 1)
    torch.testing.assert_close(create("attn_simam")(x), x * torch.sigmoid(torch.tensor(0.5)))


def gate_of_aff(module, x):
    """MS-CAM written with matrices, in evaluation."""

    def branch(layers, tokens):
        first, norm1, _, second, norm2 = layers
        for weight, norm, last in ((first.weight, norm1, False), (second.weight, norm2, True)):
            tokens = tokens @ weight[:, :, 0, 0].T
            tokens = (tokens - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
            tokens = tokens if last else tokens.clamp(min=0)
        return tokens

    tokens = x.permute(0, 2, 3, 1)
    logits = branch(module.near, tokens) + branch(module.whole, tokens.mean((1, 2), keepdim=True))
    return (1 / (1 + (-logits).exp())).permute(0, 3, 1, 2)


@pytest.mark.parametrize("iterative", [False, True])
def test_aff_equals_its_formula(draw, iterative):
    ours = make("attn_aff", in_channels=6, reduction=2, iterative=iterative)
    x, y = draw(2, 6, 5, 7), draw(2, 6, 5, 7)
    mixed = x + y
    if iterative:
        first = gate_of_aff(ours.first, mixed)
        mixed = first * x + (1 - first) * y
    gate = gate_of_aff(ours.gate, mixed)
    torch.testing.assert_close(ours(x, y), gate * x + (1 - gate) * y)
    torch.testing.assert_close(ours(x, x), x)


def residual_unit(unit, x):
    y = x
    for norm, convolution in zip(unit.layers[::3], unit.layers[2::3], strict=True):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        shifted = y - norm.running_mean[:, None, None]
        y = (shifted * scale[:, None, None] + norm.bias[:, None, None]).clamp(min=0)
        y = F.conv2d(y, convolution.weight, padding=convolution.kernel_size[0] // 2)
    return x + y


def test_residual_attention_equals_its_formula(draw):
    ours = make("attn_residual", in_channels=8, levels=2, trunk_units=2)
    x = draw(2, 8, 9, 6)
    trunk = residual_unit(ours.trunk[1], residual_unit(ours.trunk[0], x))

    def up(small, like):
        return F.interpolate(small, like.shape[2:], mode="bilinear", align_corners=True)

    outer, inner = ours.hourglass, ours.hourglass.inner
    small = residual_unit(outer.down[0], F.max_pool2d(x, 3, 2, 1))
    smaller = residual_unit(inner.up[0], residual_unit(inner.down[0], F.max_pool2d(small, 3, 2, 1)))
    joined = residual_unit(outer.skip, small) + up(smaller, small)
    mask = torch.sigmoid(ours.mask(up(residual_unit(outer.up[0], joined), x)))
    assert mask.std() > 0.1
    torch.testing.assert_close(ours(x), (1 + mask) * trunk)


def test_residual_attention_with_a_mask_of_zero_is_its_trunk(draw):
    ours = make("attn_residual", in_channels=4)
    with torch.no_grad():
        ours.mask[-1].weight.zero_()
        ours.mask[-1].bias.fill_(-1000)
    x = draw(2, 4, 7, 6)
    torch.testing.assert_close(ours(x), ours.trunk(x))
