"""Attention over positions and its kin, against loops and the cases in which the gates are known."""

import pytest
import torch
import torch.nn.functional as F

from components import create
from components.errors import InputError
from components.spec import ParameterError
from tests.components.attention_support import influence, make


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def test_sge_equals_a_loop_over_groups(draw):
    ours = make("attn_sge", in_channels=6, groups=3)
    x = draw(2, 6, 4, 5)
    expected = torch.empty_like(x)
    for n in range(2):
        for g in range(3):
            part = x[n, 2 * g : 2 * g + 2]
            likeness = part[0] * part[0].mean() + part[1] * part[1].mean()
            normal = (likeness - likeness.mean()) / (likeness.var(correction=0) + 1e-5).sqrt()
            expected[n, 2 * g : 2 * g + 2] = part * sigmoid(ours.weight[g] * normal + ours.bias[g])
    torch.testing.assert_close(ours(x), expected)


def test_sge_begins_with_the_same_gate_everywhere(draw):
    ours = create("attn_sge", in_channels=6, groups=3).double()
    x = draw(2, 6, 4, 5)
    torch.testing.assert_close(ours(x), x * sigmoid(torch.ones(())))
    assert sum(p.numel() for p in ours.parameters()) == 2 * 3


def test_ulsam_equals_a_loop_over_groups(draw):
    ours = make("attn_ulsam", in_channels=6, groups=2)
    x = draw(2, 6, 4, 5)
    maps = ours.attention(x)
    torch.testing.assert_close(maps.sum((2, 3)), torch.ones(2, 2).double())
    expected = torch.empty_like(x)
    for g in range(2):
        part = x[:, 3 * g : 3 * g + 3]
        scaled = part * ours.depthwise.weight[3 * g : 3 * g + 3, 0]
        pooled = F.max_pool2d(scaled, 3, 1, 1)
        score = (pooled * ours.pointwise.weight[g]).sum(1)
        attention = score.exp() / score.exp().sum((1, 2), keepdim=True)
        expected[:, 3 * g : 3 * g + 3] = attention[:, None] * part + part
    torch.testing.assert_close(ours(x), expected)


def test_shuffle_attention_equals_a_loop_over_groups(draw):
    ours = make("attn_shuffle", in_channels=12, groups=3)
    x = draw(2, 12, 4, 5)
    gated = torch.empty_like(x)
    for g in range(3):
        for k in range(2):
            first, second = x[:, 4 * g + k], x[:, 4 * g + 2 + k]
            mean = first.mean((1, 2), keepdim=True)
            gated[:, 4 * g + k] = first * sigmoid(ours.channel_weight[k] * mean + ours.channel_bias[k])
            normal = F.instance_norm(second[:, None])[:, 0]
            gated[:, 4 * g + 2 + k] = second * sigmoid(ours.spatial_weight[k] * normal + ours.spatial_bias[k])
    order = [half * 6 + i for i in range(6) for half in range(2)]
    torch.testing.assert_close(ours(x), gated[:, order])


def test_shuffle_attention_with_open_gates_shuffles_only(draw):
    ours = create("attn_shuffle", in_channels=8, groups=2).double()
    with torch.no_grad():
        ours.channel_bias.fill_(100)
        ours.spatial_bias.fill_(100)
    x = draw(2, 8, 3, 4)
    torch.testing.assert_close(ours(x), torch.channel_shuffle(x, 2))


def test_shuffle_attention_refuses_groups_that_do_not_fit():
    with pytest.raises(
        ParameterError, match=r"'groups' parameter of attn_shuffle must be a number whose double divides"
    ):
        create("attn_shuffle", in_channels=12, groups=4)


def plane_gate(gate, x):
    """The gate over the last two axes of x, from the axis before them."""
    pooled = torch.stack((x.amax(1), x.mean(1)), 1)
    norm = gate.norm
    logits = F.conv2d(pooled, gate.conv.weight, padding=gate.conv.kernel_size[0] // 2)
    return sigmoid((logits - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias)


def test_triplet_equals_its_rotations(draw):
    ours = make("attn_triplet", kernel_size=3)
    x = draw(2, 4, 5, 6)
    plain = x * plane_gate(ours.without_channel, x)
    turned = x.permute(0, 2, 1, 3)  # rows in the place of channels
    rows = (turned * plane_gate(ours.without_height, turned)).permute(0, 2, 1, 3)
    turned = x.permute(0, 3, 1, 2)  # columns in the place of channels
    columns = (turned * plane_gate(ours.without_width, turned)).permute(0, 2, 3, 1)
    torch.testing.assert_close(ours(x), (plain + rows + columns) / 3)


def test_triplet_follows_a_transposition(draw):
    ours = make("attn_triplet", kernel_size=3)
    ours.without_width = ours.without_height
    with torch.no_grad():
        kernel = ours.without_channel.conv.weight
        kernel.copy_(kernel + kernel.mT)
    x = draw(2, 4, 5, 6)
    torch.testing.assert_close(ours(x.mT), ours(x).mT)


def test_self_calibrated_convolution_equals_its_formula(draw):
    ours = make("attn_sc_conv", in_channels=6, pool_size=2)
    x = draw(2, 6, 8, 10)

    def convolved(layer, x):
        return F.conv2d(x, layer.weight, layer.bias, padding=1)

    first, second = x[:, :3], x[:, 3:]
    small = first.unflatten(3, (5, 2)).unflatten(2, (4, 2)).mean((3, 5))
    wide = F.interpolate(convolved(ours.wide, small), size=(8, 10), mode="bilinear")
    gate = sigmoid(first + wide)
    torch.testing.assert_close(ours.gate(first), gate)
    expected = convolved(ours.last, convolved(ours.near, first) * gate), convolved(ours.plain, second)
    torch.testing.assert_close(ours(x), torch.cat(expected, 1))
    changed = torch.cat((draw(2, 3, 8, 10), second), 1)
    assert torch.equal(ours(changed)[:, 3:], ours(x)[:, 3:])


@pytest.mark.parametrize(
    "params, parameter", [({"in_channels": 5}, "in_channels"), ({"kernel_size": 2}, "kernel_size")]
)
def test_self_calibrated_convolution_refuses_what_does_not_fit(params, parameter):
    with pytest.raises(ParameterError, match=f"'{parameter}' parameter of attn_sc_conv must be"):
        create("attn_sc_conv", **{"in_channels": 4, **params})


def test_dca_equals_its_formula(draw):
    ours = make("attn_dca", in_channels=4, reduction=2)
    x, prev = draw(3, 4, 5, 6), draw(3, 4)
    y, attention = ours(x, prev)
    first, _, second = ours.gate
    mixed = ours.alpha * x.mean((2, 3)) + ours.beta * prev
    expected = (mixed @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias
    torch.testing.assert_close(attention, expected)
    torch.testing.assert_close(y, x * sigmoid(expected)[:, :, None, None])


def test_dca_without_a_connection_is_se(draw):
    ours, se = make("attn_dca", in_channels=4, reduction=2), make("attn_se", in_channels=4, reduction=2)
    ours.gate = se.gate
    with torch.no_grad():
        ours.alpha.fill_(1)
        ours.beta.fill_(0)
    x = draw(3, 4, 5, 6)
    torch.testing.assert_close(ours(x, draw(3, 4))[0], se(x))
    torch.testing.assert_close(ours(x)[0], se(x))


def test_dca_refuses_another_number_of_features(draw):
    with pytest.raises(InputError, match=r"prev must have as many features as x has channels \(4\). Got 5 instead."):
        make("attn_dca", in_channels=4)(draw(3, 4, 5, 6), draw(3, 5))


def test_atac_is_a_perceptron_at_each_position(draw):
    ours = make("attn_atac", in_channels=4, reduction=2)
    x = draw(2, 4, 3, 5)
    first, norm1, _, second, norm2 = ours.gate
    for i in range(3):
        for j in range(5):
            pixel = x[:, :, i, j]
            hidden = pixel @ first.weight[:, :, 0, 0].T
            hidden = (hidden - norm1.running_mean) / (norm1.running_var + 1e-5).sqrt() * norm1.weight + norm1.bias
            logits = hidden.clamp(min=0) @ second.weight[:, :, 0, 0].T
            logits = (logits - norm2.running_mean) / (norm2.running_var + 1e-5).sqrt() * norm2.weight + norm2.bias
            torch.testing.assert_close(ours(x)[:, :, i, j], pixel * sigmoid(logits))
    only = torch.zeros(3, 5, dtype=torch.bool)
    only[1, 2] = True
    assert torch.equal(influence(ours, x, 1, 2), only)


def test_csra_equals_a_loop_over_classes(draw):
    ours = make("attn_csra", in_channels=4, num_classes=3, temperature=2.0, weight=0.3)
    x = draw(2, 4, 5, 6)
    for n in range(2):
        for k in range(3):
            scores = (ours.score.weight[k][:, None, None] * x[n]).sum(0).flatten()
            weights = (2 * scores).exp() / (2 * scores).exp().sum()
            torch.testing.assert_close(ours(x)[n, k], scores.mean() + 0.3 * (weights * scores).sum())


def test_csra_limits(draw):
    x = draw(2, 4, 5, 6)
    plain = make("attn_csra", in_channels=4, num_classes=3, weight=0.0)
    torch.testing.assert_close(plain(x), plain.score(x.mean((2, 3))))
    greatest = make("attn_csra", in_channels=4, num_classes=3, temperature=None, weight=0.3)
    nearly = make("attn_csra", in_channels=4, num_classes=3, temperature=1e6, weight=0.3)
    scores = torch.einsum("kc,bchw->bkhw", greatest.score.weight, x)
    torch.testing.assert_close(greatest(x), scores.mean((2, 3)) + 0.3 * scores.amax((2, 3)))
    torch.testing.assert_close(nearly(x), greatest(x))
