"""Further attention over channels: against squeeze-and-excitation where it is a case of it, and against loops."""

import math

import pytest
import timm.layers
import torch
import torch.nn.functional as F
from torch import nn

from components import create
from components.errors import InputError
from components.spec import ParameterError
from tests.components.attention_support import make


def normalised(norm, x):
    """Batch normalisation in evaluation, channels on axis 1 of (B, C)."""
    return (x - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias


def sigmoid(x):
    return 1 / (1 + (-x).exp())


def excitation(gate, x):
    """A squeeze-and-excitation gate from descriptors (B, F), written with matrices."""
    first, _, second = gate
    hidden = x @ first.weight.T + (0 if first.bias is None else first.bias)
    return sigmoid(hidden.clamp(min=0) @ second.weight.T + (0 if second.bias is None else second.bias))


def test_cmpt_se_equals_its_formula(draw):
    ours = make("attn_cmpt_se", in_channels=4, reduction=2)
    x, identity = draw(3, 4, 5, 6), draw(3, 4, 5, 6)
    hidden = [
        (layer.weight @ maps.mean((2, 3)).T + layer.bias[:, None]).clamp(min=0)
        for layer, maps in ((ours.residual, x), (ours.identity, identity))
    ]
    gate = sigmoid(ours.excite.weight @ torch.cat(hidden) + ours.excite.bias[:, None]).T
    torch.testing.assert_close(ours(x, identity), x * gate[:, :, None, None])


def test_cmpt_se_without_the_identity_is_se(draw):
    ours, se = make("attn_cmpt_se", in_channels=4, reduction=2), make("attn_se", in_channels=4, reduction=2)
    with torch.no_grad():
        ours.identity.weight.zero_()
        ours.identity.bias.zero_()
        ours.residual.load_state_dict(se.gate[0].state_dict())
        ours.excite.weight[:, :2].copy_(se.gate[2].weight)
        ours.excite.bias.copy_(se.gate[2].bias)
    x = draw(3, 4, 5, 6)
    torch.testing.assert_close(ours(x, draw(3, 4, 5, 6)), se(x))


@pytest.mark.parametrize("extent", [None, 2, 4])
def test_gather_excite_without_parameters_equals_timm(draw, extent):
    ours = create("attn_gather_excite", in_channels=3, extent=extent)
    assert not list(ours.parameters())
    x = draw(2, 3, 9, 6)
    torch.testing.assert_close(ours(x), timm.layers.GatherExcite(3, extent=extent or 0, use_mlp=False)(x))
    if extent is None:
        torch.testing.assert_close(ours(x), x * sigmoid(x.mean((2, 3), keepdim=True)))


def test_learned_gather_excite_equals_its_formula(draw):
    ours = make("attn_gather_excite", in_channels=4, extent=4, learned=True, mlp=True, reduction=2)
    x = draw(2, 4, 9, 6)
    summary = x
    for i, (convolution, norm) in enumerate(((ours.steps[0], ours.steps[1]), (ours.steps[3], ours.steps[4]))):
        channels = [F.conv2d(summary[:, [c]], convolution.weight[[c]], stride=2, padding=1) for c in range(4)]
        scale = (norm.weight / (norm.running_var + norm.eps).sqrt())[:, None, None]
        summary = (torch.cat(channels, 1) - norm.running_mean[:, None, None]) * scale + norm.bias[:, None, None]
        summary = summary.clamp(min=0) if i == 0 else summary
    assert summary.shape == (2, 4, 3, 2)
    mixed = ours.mlp[2](ours.mlp[0](summary).clamp(min=0))
    gate = torch.empty_like(x)
    for i in range(9):
        for j in range(6):
            gate[:, :, i, j] = sigmoid(mixed[:, :, i * 3 // 9, j * 2 // 6])
    torch.testing.assert_close(ours(x), x * gate)


@pytest.mark.parametrize("extent", [None, 1, 3, 6])
def test_learned_gathering_needs_a_power_of_two(extent):
    with pytest.raises(ParameterError, match="'extent' parameter of attn_gather_excite must be a power of two"):
        create("attn_gather_excite", in_channels=4, learned=True, extent=extent)


def test_gsop_equals_its_formula(draw):
    ours = make("attn_gsop", in_channels=5, channels=3)
    x = draw(2, 5, 4, 6)
    for n in range(2):
        covariance = torch.cov(ours.reduce.weight @ x[n].flatten(1), correction=0)
        torch.testing.assert_close(ours.covariance(x)[n], covariance)
        rows = [ours.rows.weight[4 * r + k, 0] @ covariance[r] for r in range(3) for k in range(4)]
        features = torch.stack(rows) + ours.rows.bias
        features = torch.where(features > 0, features, 0.01 * features)
        gate = sigmoid(ours.excite.weight @ features + ours.excite.bias)
        torch.testing.assert_close(ours(x)[n], x[n] * gate[:, None, None])


def test_gsop_does_not_see_the_level_of_a_channel(draw):
    ours = make("attn_gsop", in_channels=5, channels=3)
    x, level = draw(2, 5, 4, 6), draw(1, 5, 1, 1)
    torch.testing.assert_close(ours.covariance(x + level), ours.covariance(x))


def test_srm_equals_its_formula(draw):
    ours = make("attn_srm", in_channels=3)
    x = draw(2, 3, 4, 5)
    style = torch.empty(2, 3).double()
    for c in range(3):
        values = x[:, c].flatten(1)
        deviation = (((values - values.mean(1, keepdim=True)) ** 2).mean(1) + 1e-5).sqrt()
        style[:, c] = ours.weight[c, 0] * values.mean(1) + ours.weight[c, 1] * deviation
    torch.testing.assert_close(ours(x), x * sigmoid(normalised(ours.norm, style))[:, :, None, None])


def test_srm_gate_of_a_channel_follows_its_own_style_only(draw):
    ours = make("attn_srm", in_channels=3)
    x = draw(2, 3, 4, 5)
    changed = x.clone()
    changed[:, 1:] += draw(2, 2, 4, 5)
    torch.testing.assert_close(ours(changed)[:, 0], ours(x)[:, 0])


def test_dia_equals_the_steps_of_its_cell(draw):
    ours = make("attn_dia", in_channels=4, reduction=2)
    before = sum(p.numel() for p in ours.parameters())
    h = c = torch.zeros(3, 4).double()
    state = None
    for size in ((5, 6), (3, 2), (7, 4)):  # three layers share it
        x = draw(3, 4, *size)
        y, state = ours(x, state)
        sums = ours.from_input(x.mean((2, 3))) + ours.from_state(h)
        i, f, g, o = sums[:, :4], sums[:, 4:8], sums[:, 8:12], sums[:, 12:]
        c = sigmoid(f) * c + sigmoid(i) * g.tanh()
        h = sigmoid(o) * sigmoid(c)
        torch.testing.assert_close(y, x * h[:, :, None, None])
        torch.testing.assert_close(state, torch.cat((h, c), 1))
    assert sum(p.numel() for p in ours.parameters()) == before


def test_dia_refuses_the_state_of_a_layer_with_other_channels(draw):
    message = r"state must have twice as many features as x has channels \(8\). Got 6 instead."
    with pytest.raises(InputError, match=message):
        make("attn_dia", in_channels=4)(draw(3, 4, 5, 6), draw(3, 6))


def test_spa_equals_its_formula(draw):
    ours = make("attn_spa", in_channels=3, reduction=1)
    x = draw(2, 3, 8, 12)
    cells = [x.mean((2, 3))]
    cells += [x[:, :, 4 * i : 4 * i + 4, 6 * j : 6 * j + 6].mean((2, 3)) for i in range(2) for j in range(2)]
    cells += [x[:, :, 2 * i : 2 * i + 2, 3 * j : 3 * j + 3].mean((2, 3)) for i in range(4) for j in range(4)]
    grids = [torch.stack(part, -1).flatten(1) for part in (cells[:1], cells[1:5], cells[5:])]
    descriptor = torch.cat(grids, 1)
    assert descriptor.shape[1] == 3 * (16 + 4 + 1)
    torch.testing.assert_close(ours(x), x * excitation(ours.gate, descriptor)[:, :, None, None])


def test_spa_of_the_whole_map_alone_is_se(draw):
    ours, se = make("attn_spa", in_channels=3, reduction=1), make("attn_se", in_channels=3, reduction=1)
    with torch.no_grad():
        ours.gate[0].weight.zero_()
        ours.gate[0].weight[:, :3] = se.gate[0].weight
        ours.gate[0].bias.copy_(se.gate[0].bias)
        ours.gate[2].load_state_dict(se.gate[2].state_dict())
    x = draw(2, 3, 5, 7)
    torch.testing.assert_close(ours(x), se(x))


@pytest.mark.parametrize("selection, second", [("best", (0, 1)), ("lowest", (0, 1))])
def test_fca_takes_cosine_components(draw, selection, second):
    ours = make("attn_fca", in_channels=4, frequencies=2, reduction=1, selection=selection)
    x = draw(2, 4, 7, 7)
    components = torch.empty(2, 4).double()
    for channel, (u, v) in enumerate([(0, 0), (0, 0), second, second]):
        total = sum(
            x[:, channel, i, j] * math.cos(math.pi * u * (i + 0.5) / 7) * math.cos(math.pi * v * (j + 0.5) / 7)
            for i in range(7)
            for j in range(7)
        )
        components[:, channel] = total / 7 * math.sqrt(2) ** ((u > 0) + (v > 0))
    expected = x * excitation(ours.gate, components)[:, :, None, None]
    torch.testing.assert_close(ours(x), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("selection", ["best", "lowest"])
def test_fca_components_are_orthonormal(selection):
    planes = create("attn_fca", in_channels=16, selection=selection).basis.flatten(1)
    torch.testing.assert_close(planes @ planes.T, torch.eye(16))


def test_fca_of_the_constant_component_is_se_of_a_scaled_mean(draw):
    ours = make("attn_fca", in_channels=4, frequencies=1, reduction=2)
    x = draw(2, 4, 14, 7)
    expected = x * excitation(ours.gate, 7 * x.mean((2, 3)))[:, :, None, None]
    torch.testing.assert_close(ours(x), expected, rtol=1e-5, atol=1e-5)


def test_epsa_equals_its_formula(draw):
    ours = make("attn_epsa", in_channels=8, kernel_sizes=(3, 5), group_counts=(1, 2), reduction=2)
    x = draw(2, 8, 6, 7)
    maps = [F.conv2d(x, k.weight, padding=k.kernel_size[0] // 2, groups=k.groups) for k in ours.kernels]
    scores = [excitation(ours.score, part.mean((2, 3))).exp() for part in maps]
    total = scores[0] + scores[1]
    expected = torch.cat(
        [part * (score / total)[:, :, None, None] for part, score in zip(maps, scores, strict=True)], 1
    )
    torch.testing.assert_close(ours(x), expected)


@pytest.mark.parametrize(
    "params, parameter, rule",
    [
        ({"kernel_sizes": (3, 4)}, "kernel_sizes", "a list of odd numbers"),
        ({"kernel_sizes": ()}, "kernel_sizes", "a list of odd numbers"),
        ({"kernel_sizes": (3, 5, 7)}, "kernel_sizes", r"a list whose length divides in_channels \(8\)"),
        ({"kernel_sizes": (3, 5)}, "group_counts", "a list of 2 numbers"),
        ({"group_counts": (1, 1, 1, 4)}, "group_counts", r"a divisor of channels_of_a_kernel \(2\)"),
    ],
)
def test_epsa_refuses_lists_that_do_not_fit(params, parameter, rule):
    with pytest.raises(ParameterError, match=f"'{parameter}' parameter of attn_epsa must be {rule}"):
        create("attn_epsa", in_channels=8, **params)


def test_tse_equals_se_on_each_tile(draw):
    ours, se = make("attn_tse", in_channels=4, tile=(2, 3), reduction=2), make("attn_se", in_channels=4, reduction=2)
    with torch.no_grad():
        for mine, other in zip(ours.gate.parameters(), se.gate.parameters(), strict=True):
            mine.copy_(other.reshape(mine.shape))
    x = draw(2, 4, 5, 7)
    expected = torch.empty_like(x)
    for i in range(0, 5, 2):
        for j in range(0, 7, 3):
            expected[:, :, i : i + 2, j : j + 3] = se(x[:, :, i : i + 2, j : j + 3])
    torch.testing.assert_close(ours(x), expected)
    ours.tile = (9, 9)  # greater than the map
    torch.testing.assert_close(ours(x), se(x))


@pytest.mark.parametrize("size", [(9,), (4, 5), (2, 3, 4)])
def test_nam_equals_its_formula(draw, size):
    ours = make("attn_nam", in_channels=3)
    x = draw(2, 3, *size)
    norm = ours.norm
    shares = norm.weight.abs() / norm.weight.abs().sum()
    expected = torch.stack(
        [
            x[:, c]
            * sigmoid(
                shares[c]
                * (
                    (x[:, c] - norm.running_mean[c]) / (norm.running_var[c] + norm.eps).sqrt() * norm.weight[c]
                    + norm.bias[c]
                )
            )
            for c in range(3)
        ],
        1,
    )
    torch.testing.assert_close(ours(x), expected)
    assert [name for name, _ in ours.named_parameters()] == ["norm.weight", "norm.bias"]
    assert isinstance(norm, nn.BatchNorm1d)
