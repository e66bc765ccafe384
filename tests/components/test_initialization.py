"""Initializers against torch's, and the moments and structure that they promise."""

from __future__ import annotations

import math

import pytest
import scipy.linalg
import torch
from torch import nn

from components import create


def filled(id, shape, seed=0, **params):
    return create(id, **params)(torch.empty(shape), generator=torch.Generator().manual_seed(seed))


PEERS = [
    ("init_random", {}, lambda w, g: nn.init.trunc_normal_(w, 0.0, 0.02, -0.04, 0.04, g)),
    ("init_random", {"std": 2.0, "cutoff": 1.5}, lambda w, g: nn.init.trunc_normal_(w, 0.0, 2.0, -3.0, 3.0, g)),
    ("init_xavier", {}, lambda w, g: nn.init.xavier_uniform_(w, generator=g)),
    ("init_xavier", {"distribution": "normal", "gain": 2.0}, lambda w, g: nn.init.xavier_normal_(w, 2.0, generator=g)),
    ("init_kaiming", {}, lambda w, g: nn.init.kaiming_normal_(w, nonlinearity="relu", generator=g)),
    (
        "init_kaiming",
        {"distribution": "uniform", "mode": "fan_out", "negative_slope": 0.2},
        lambda w, g: nn.init.kaiming_uniform_(w, 0.2, "fan_out", "leaky_relu", generator=g),
    ),
    ("init_orthogonal", {"gain": 1.5}, lambda w, g: nn.init.orthogonal_(w, 1.5, generator=g)),
]


@pytest.mark.parametrize("id, params, peer", PEERS, ids=lambda v: str(v) if not callable(v) else "")
@pytest.mark.parametrize("shape", [(6, 4), (4, 6, 3), (4, 3, 2, 5)], ids=str)
def test_same_seed_equals_torch(id, params, peer, shape):
    expected = peer(torch.empty(shape), torch.Generator().manual_seed(7))
    assert torch.equal(filled(id, shape, seed=7, **params), expected)


def test_zero():
    assert not filled("init_zero", (4, 3, 2)).any()


def test_random_stays_within_its_cutoff():
    weight = filled("init_random", (300, 300), std=0.5, cutoff=1.0)
    assert weight.abs().max() <= 0.5
    # Variance of a normal variable cut at one standard deviation: 1 - 2 phi(1) / (2 Phi(1) - 1).
    share = 1 - 2 * math.exp(-0.5) / math.sqrt(2 * math.pi) / math.erf(1 / math.sqrt(2))
    assert weight.mean().item() == pytest.approx(0, abs=0.005)
    assert weight.std().item() == pytest.approx(0.5 * math.sqrt(share), rel=0.01)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("shape, fans", [((200, 300), 500), ((60, 40, 3, 3), 900)], ids=str)
def test_xavier_variance(distribution, shape, fans):
    weight = filled("init_xavier", shape, distribution=distribution, gain=1.5)
    assert weight.var().item() == pytest.approx(2 * 1.5**2 / fans, rel=0.03)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("mode, fan", [("fan_in", 360), ("fan_out", 540)])
def test_kaiming_variance(distribution, mode, fan):
    weight = filled("init_kaiming", (60, 40, 3, 3), distribution=distribution, mode=mode, negative_slope=0.5)
    assert weight.var().item() == pytest.approx(2 / (1.25 * fan), rel=0.03)


def test_kaiming_keeps_the_second_moment_through_fifty_rectifiers():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(64, 512, generator=generator)
    for seed in range(50):
        x = (x @ filled("init_kaiming", (512, 512), seed=seed).T).relu()
    assert 0.2 < x.square().mean().item() / 0.5 < 5  # a gain of 1 instead of sqrt(2) would leave 1e-15


@pytest.mark.parametrize("shape", [(5, 5), (4, 9), (9, 4), (4, 3, 2, 2)], ids=str)
def test_orthogonal_on_the_smaller_side(shape):
    matrix = filled("init_orthogonal", shape, gain=1.5).flatten(1)
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    torch.testing.assert_close(gram, 2.25 * torch.eye(len(gram)), atol=1e-5, rtol=1e-5)


def test_identity_of_a_linear_layer(draw):
    layer = create("linear", in_features=6, out_features=6, bias=False)
    create("init_identity", gain=0.5)(layer.weight)
    x = draw(3, 6).float()
    assert torch.equal(layer(x), 0.5 * x)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_identity_of_a_convolution(draw, dims):
    layer = create("conv_standard", in_channels=4, out_channels=4, padding="same", bias=False, dims=dims)
    create("init_identity")(layer.weight)
    x = draw(2, 4, *(7, 6, 5)[:dims]).float()
    torch.testing.assert_close(layer(x), x)


def test_identity_refuses_a_weight_without_channels():
    with pytest.raises(ValueError, match="Only tensors with 3, 4, or 5 dimensions"):
        create("init_identity")(torch.empty(5))


@pytest.mark.parametrize("shape", [(10, 7), (10, 4, 3), (10, 3, 2, 5)], ids=str)
@pytest.mark.parametrize("sparsity, zeros", [(0.0, 0), (0.55, 6), (0.9, 9), (1.0, 10)])
def test_sparse_sets_a_share_of_each_column_to_zero(shape, sparsity, zeros):
    matrix = filled("init_sparse", shape, sparsity=sparsity).flatten(1)
    assert ((matrix == 0).sum(0) == zeros).all()
    peer = nn.init.sparse_(torch.empty(matrix.shape), sparsity)
    assert torch.equal((peer == 0).sum(0), (matrix == 0).sum(0))


def test_sparse_draws_its_zeros_and_its_values():
    matrix = filled("init_sparse", (20, 3000), sparsity=0.75, std=0.5)
    assert matrix[matrix != 0].std().item() == pytest.approx(0.5, rel=0.02)
    torch.testing.assert_close((matrix == 0).float().mean(1), torch.full((20,), 0.75), rtol=0, atol=0.04)


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (1, 3)], ids=str)
def test_zero_hands_through_where_nothing_widens(shape):
    assert torch.equal(filled("init_zero_hadamard", shape), torch.eye(*shape))


@pytest.mark.parametrize("rows, columns, power", [(8, 4, 3), (7, 3, 3), (5, 1, 3), (16, 15, 4), (3, 2, 2)])
def test_zero_widens_by_a_hadamard_matrix(rows, columns, power):
    expected = torch.from_numpy(scipy.linalg.hadamard(2**power)).float()[:rows, :columns] / 2 ** (power / 2)
    torch.testing.assert_close(filled("init_zero_hadamard", (rows, columns)), expected)
    kernel = filled("init_zero_hadamard", (rows, columns, 3, 5))
    torch.testing.assert_close(kernel[:, :, 1, 2], expected)
    kernel[:, :, 1, 2] = 0
    assert not kernel.any()


@pytest.mark.parametrize("branches, layers, factor", [(16, 2, 16**-0.5), (16, 3, 0.5), (1, 2, 1.0)])
def test_fixup_shrinks_the_inner_layers(branches, layers, factor):
    weight = filled("norm_fixup", (60, 40, 3, 3), branches=branches, branch_layers=layers)
    expected = nn.init.kaiming_normal_(torch.empty(60, 40, 3, 3), generator=torch.Generator().manual_seed(0)) * factor
    torch.testing.assert_close(weight, expected)
    assert not filled("norm_fixup", (6, 4), role="last").any()


# ------------------------------------------------------------------ whole attention layers


def attention(dim: int, heads: int, seed: int = 0, **params: float) -> nn.MultiheadAttention:
    layer = nn.MultiheadAttention(dim, heads, dtype=torch.float64)
    assert create("init_mimetic", **params)(layer, torch.Generator().manual_seed(seed)) is layer
    return layer


def products(layer: nn.MultiheadAttention) -> tuple[list[torch.Tensor], torch.Tensor]:
    """By head, W_Q W_K^T; and W_V W_O of all heads. The layer's matrices are the transposes of the paper's."""
    w_q, w_k, w_v = layer.in_proj_weight.detach().chunk(3)
    size = layer.head_dim
    heads = [w_q[i : i + size].T @ w_k[i : i + size] for i in range(0, len(w_q), size)]
    return heads, w_v.T @ layer.out_proj.weight.detach().T


def test_mimetic_diagonals_match_the_identities():
    (product,), out = products(attention(256, 1, qk_noise=0.5, qk_identity=0.9, vo_noise=0.3, vo_identity=0.6))
    for found, noise, identity in ((product, 0.5, 0.9), (out, 0.3, -0.6)):
        assert found.diagonal().mean().item() == pytest.approx(identity, abs=0.02)
        rest = found - identity * torch.eye(256, dtype=torch.float64)
        assert rest.std().item() == pytest.approx(noise / 16, rel=0.02)


def test_mimetic_heads_keep_the_strongest_directions_of_what_was_drawn():
    layer, generator = attention(12, 3, seed=4), torch.Generator().manual_seed(4)
    heads, out = products(layer)
    draw = torch.empty(12, 12, dtype=torch.float64)
    for found in heads:
        wanted = 0.7 * draw.normal_(generator=generator) / math.sqrt(12) + 0.7 * torch.eye(12, dtype=torch.float64)
        u, s, vh = scipy.linalg.svd(wanted.numpy())
        torch.testing.assert_close(found, torch.from_numpy((u[:, :4] * s[:4]) @ vh[:4]))
    wanted = 0.4 * draw.normal_(generator=generator) / math.sqrt(12) - 0.4 * torch.eye(12, dtype=torch.float64)
    torch.testing.assert_close(out, wanted)


def test_mimetic_leaves_the_other_weights_of_a_layer():
    layer = create("tr_encoder_layer", embed_dim=12, num_heads=3)
    before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    create("init_mimetic")(layer)
    changed = {name for name, tensor in layer.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"self_attn.in_proj_weight", "self_attn.out_proj.weight"}


def test_mimetic_says_what_it_needs():
    with pytest.raises(ValueError, match="needs a layer with multi-head attention"):
        create("init_mimetic")(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="Got 12, 6 and 12"):
        create("init_mimetic")(nn.MultiheadAttention(12, 3, kdim=6))


def test_mimetic_lets_a_position_look_at_itself():
    generator = torch.Generator().manual_seed(0)
    x = torch.nn.functional.normalize(torch.randn(1, 10, 64, generator=generator, dtype=torch.float64), dim=-1) * 16
    shares = {}
    for name in ("mimetic", "torch"):
        layer = attention(64, 4) if name == "mimetic" else nn.MultiheadAttention(64, 4, dtype=torch.float64)
        layer.batch_first = True
        shares[name] = layer(x, x, x)[1][0].diagonal().mean().item()
    assert shares["mimetic"] > 0.9 > 0.3 > shares["torch"]
