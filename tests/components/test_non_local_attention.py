"""Non-local attention against loops over pairs of positions, torch's attention and timm with copied weights."""

import itertools

import pytest
import timm.layers
import torch
import torch.nn.functional as F

from components import create
from tests.components.attention_support import copied, influence, make


@pytest.mark.parametrize("size", [(9,), (3, 5), (2, 3, 4)])
def test_embedded_gaussian_equals_the_attention_of_torch(draw, size):
    ours = make("nonlocal_block", in_channels=6)
    x = draw(2, 6, *size)
    tokens = x.flatten(2).transpose(1, 2)
    mixed = F.scaled_dot_product_attention(ours.query(tokens), ours.key(tokens), ours.value(tokens), scale=1.0)
    torch.testing.assert_close(ours(x), x + ours.out(mixed).transpose(1, 2).reshape(x.shape))


@pytest.mark.parametrize("mode", ["gaussian", "dot", "concat"])
def test_nonlocal_equals_a_loop_over_pairs(draw, mode):
    ours = make("nonlocal_block", in_channels=4, mode=mode)
    x = draw(1, 4, 2, 3)
    positions = x[0].flatten(1).T
    count = len(positions)
    rows = []
    for i in range(count):
        weights = []
        for j in range(count):
            q, k = ours.query(positions[i]), ours.key(positions[j])
            if mode == "concat":
                weights.append((ours.score.weight[0] @ torch.cat((q, k))).clamp(min=0) / count)
            else:
                weights.append((q * k).sum().exp() if mode == "gaussian" else (q * k).sum() / count)
        weights = torch.stack(weights)
        weights = weights / weights.sum() if mode == "gaussian" else weights
        mixed = sum(w * ours.value(p) for w, p in zip(weights, positions, strict=True))
        rows.append(positions[i] + ours.out(mixed))
    torch.testing.assert_close(ours(x)[0].flatten(1).T, torch.stack(rows))


@pytest.mark.parametrize("id", ["nonlocal_block", "attn_danet", "attn_criss_cross", "attn_global_context"])
def test_begins_as_the_identity(draw, id):
    x = draw(2, 8, 4, 5)
    assert torch.equal(create(id, in_channels=8).double()(x), x)


def test_dual_attention_equals_a_loop(draw):
    ours = make("attn_danet", in_channels=4, reduction=2)
    x = draw(1, 4, 2, 3)
    points = x[0].flatten(1)  # (C, N)
    query, key, value = (layer(points.T) for layer in (ours.query, ours.key, ours.value))
    expected = points.clone()
    for i in range(6):
        weights = torch.stack([(query[i] * key[j]).sum().exp() for j in range(6)])
        expected[:, i] += ours.alpha * (weights[:, None] * value).sum(0) / weights.sum()
    for c in range(4):
        weights = torch.stack([(points[c] * points[d]).sum().exp() for d in range(4)])
        expected[c] += ours.beta * (weights[:, None] * points).sum(0) / weights.sum()
    torch.testing.assert_close(ours(x)[0].flatten(1), expected)


def test_dual_attention_follows_the_order_of_positions(draw):
    ours = make("attn_danet", in_channels=4, reduction=2)
    x = draw(2, 4, 15)
    order = torch.randperm(15, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours(x[..., order]), ours(x)[..., order])


def test_criss_cross_equals_a_loop(draw):
    ours = make("attn_criss_cross", in_channels=4, reduction=2, rounds=1)
    x = draw(2, 4, 3, 5)
    query, key, value = ours.query(x), ours.key(x), ours.value(x)
    expected = x.clone()
    for n in range(2):
        for i in range(3):
            for j in range(5):
                sites = [(i, v) for v in range(5)] + [(g, j) for g in range(3) if g != i]
                assert len(sites) == 3 + 5 - 1
                weights = torch.stack([(query[n, :, i, j] * key[n, :, a, b]).sum() for a, b in sites]).softmax(0)
                mixed = sum(w * value[n, :, a, b] for w, (a, b) in zip(weights, sites, strict=True))
                expected[n, :, i, j] += ours.gamma * mixed
    torch.testing.assert_close(ours(x), expected)


def test_criss_cross_sees_a_cross_and_in_two_rounds_everything(draw):
    x = draw(1, 4, 4, 5)
    cross = torch.zeros(4, 5, dtype=torch.bool)
    cross[1], cross[:, 3] = True, True
    once = make("attn_criss_cross", in_channels=4, reduction=2, rounds=1)
    assert torch.equal(influence(once, x, 1, 3), cross)
    assert influence(make("attn_criss_cross", in_channels=4, reduction=2), x, 1, 3).all()


def test_global_context_equals_timm(draw):
    ours = make("attn_global_context", in_channels=8, reduction=2, zero_init=False)
    peer = timm.layers.GlobalContext(8, fuse_add=True, fuse_scale=False, rd_channels=4)
    peer = copied(ours, peer, skip=("conv_attn.bias",))
    x = draw(2, 8, 5, 7)
    torch.testing.assert_close(ours(x), peer(x), rtol=1e-5, atol=1e-5)
    added = ours(x) - x
    torch.testing.assert_close(added, added[..., :1, :1].expand_as(added))


@pytest.mark.parametrize("mode", ["nmf", "vq"])
def test_hamburger_is_its_bread_around_a_reconstruction_of_low_rank(draw, mode):
    ours = make("attn_hamburger", in_channels=8, rank=3, mode=mode)
    x = draw(2, 8, 5, 7)
    tokens = x.flatten(2).transpose(1, 2)
    lower = ours.lower(tokens)
    coefficients, bases = ours.decompose(lower.relu() if mode == "nmf" else lower)
    reconstruction = coefficients @ bases
    assert torch.linalg.matrix_rank(reconstruction).tolist() == [3, 3]
    upper = ours.norm(ours.upper(reconstruction).transpose(1, 2))
    torch.testing.assert_close(ours(x), x + upper.reshape(x.shape))


def test_nmf_factors_stay_non_negative_and_never_get_worse(draw):
    x = draw(2, 12, 6).abs()
    errors = []
    for steps in range(1, 9):
        ours = create("attn_hamburger", in_channels=6, rank=3, steps=steps).double()
        with torch.no_grad():
            start = torch.rand(3, 6, generator=torch.Generator().manual_seed(5))
            ours.bases.copy_(start)
            coefficients, bases = ours.decompose(x)
        assert (coefficients >= 0).all() and (bases >= 0).all()
        errors.append((x - coefficients @ bases).square().sum())
    assert all(later < earlier for earlier, later in itertools.pairwise(errors))


def test_nmf_makes_the_steps_of_lee_and_seung(draw):
    ours = make("attn_hamburger", in_channels=4, rank=2, steps=2)
    x = draw(1, 5, 4).abs()
    data, d = x[0].T, ours.bases.T.clone()  # (C, N) = (C, r) (r, N)
    c = (d.T @ data).softmax(0)
    for step in range(3):
        c = c * (d.T @ data) / (d.T @ d @ c + 1e-6)
        if step < 2:
            d = d * (data @ c.T) / (d @ c @ c.T + 1e-6)
    coefficients, bases = ours.decompose(x)
    torch.testing.assert_close(coefficients[0].T, c)
    torch.testing.assert_close(bases[0].T, d)


def test_vq_takes_soft_means_of_what_is_near_each_base(draw):
    ours = make("attn_hamburger", in_channels=4, rank=2, steps=1, mode="vq")
    x = draw(1, 5, 4)
    near = F.cosine_similarity(x[0][:, None], ours.bases[None], dim=-1).softmax(-1)  # (N, r)
    means = torch.stack([(near[:, [r]] * x[0]).sum(0) / near[:, r].sum() for r in range(2)])
    coefficients, bases = ours.decompose(x)
    torch.testing.assert_close(bases[0], means, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(coefficients[0], F.cosine_similarity(x[0][:, None], means[None], dim=-1).softmax(-1))
