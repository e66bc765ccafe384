"""Attention against torch: the fused kernel and nn.MultiheadAttention with the weights copied over."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components
from components.spec import ParameterError


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def some_mask(*shape, seed=1):
    """Random, with at least one key for every query."""
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    mask[..., 0] = True
    return mask


PAD = torch.tensor([[False] * 7, [False] * 4 + [True] * 3])


@pytest.mark.parametrize("params", [{}, {"causal": True}, {"scale": 0.3}])
def test_scaled_dot_equals_torch(params):
    q, k, v = tensors((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6))
    expected = F.scaled_dot_product_attention(q, k, v, is_causal=params.get("causal", False), scale=params.get("scale"))
    torch.testing.assert_close(components.create("attn_scaled_dot", **params)(q, k, v), expected)


@pytest.mark.parametrize("shape", [(5, 7), (2, 5, 7), (2, 3, 5, 7)])
def test_scaled_dot_takes_masks_of_every_layout(shape):
    q, k, v = tensors((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6))
    mask = some_mask(*shape)
    spread = mask[:, None] if mask.dim() == 3 else mask
    scores = (q @ k.mT / 2).masked_fill(~spread, -torch.inf)
    torch.testing.assert_close(components.create("attn_scaled_dot")(q, k, v, mask), scores.softmax(-1) @ v)


def test_scaled_dot_combines_a_mask_with_causality():
    q, k, v = tensors((2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 4))
    mask = some_mask(5, 5)
    expected = components.create("attn_scaled_dot")(q, k, v, mask.tril())
    torch.testing.assert_close(components.create("attn_scaled_dot", causal=True)(q, k, v, mask), expected)


def test_causal_attention_never_looks_ahead():
    q, k, v = tensors((1, 1, 4, 3), (1, 1, 4, 3), (1, 1, 4, 3))
    attention = components.create("attn_scaled_dot", causal=True)
    jacobian = torch.autograd.functional.jacobian(lambda v: attention(q, k, v)[0, 0].sum(-1), v)  # (t, 1, 1, s, d)
    influence = jacobian.abs().sum((1, 2, 4))
    assert torch.equal(influence > 0, torch.ones(4, 4, dtype=torch.bool).tril())


def test_heads_split_and_merge():
    (x,) = tensors((2, 5, 12))
    heads = components.create("op_split_heads", num_heads=3)(x)
    assert heads.shape == (2, 3, 5, 4)
    assert torch.equal(heads[1, 2, 4], x[1, 4, 8:12])
    assert torch.equal(components.create("op_merge_heads")(heads), x)
    with pytest.raises(ParameterError, match=r"'num_heads'.*divisor of features \(12\)\. Got 5"):
        components.create("op_split_heads", num_heads=5)(x)


def pair(embed_dim, kdim, vdim, **params):
    """Our layer and torch's with the same weights."""
    ours = components.create("attn_multi_head", embed_dim=embed_dim, kdim=kdim, vdim=vdim, **params)
    bias = params.get("bias", True)
    peer = nn.MultiheadAttention(embed_dim, params["num_heads"], bias=bias, kdim=kdim, vdim=vdim, batch_first=True)
    with torch.no_grad():
        for i, parameter in enumerate(ours.parameters()):
            parameter.copy_(tensors(parameter.shape, seed=10 + i)[0] / 3)
    peer.load_state_dict(ours.state_dict(), strict=True)
    return ours, peer


@pytest.mark.parametrize("wants_weights", [True, False])
@pytest.mark.parametrize("kdim, vdim", [(12, 12), (6, 8)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("masked", ["", "mask", "pad", "mask pad", "heads"])
def test_multi_head_equals_torch(wants_weights, kdim, vdim, bias, masked):
    ours, peer = pair(12, kdim, vdim, num_heads=3, bias=bias)
    ours.wants_weights = wants_weights
    q, k, v = tensors((2, 5, 12), (2, 7, kdim), (2, 7, vdim))
    mask = some_mask(5, 7) if "mask" in masked else some_mask(2, 3, 5, 7) if masked == "heads" else None
    pad = PAD if "pad" in masked else None
    refused = None if mask is None else ~(mask.flatten(0, 1) if mask.dim() == 4 else mask)  # torch: True hides
    expected, expected_weights = peer(q, k, v, attn_mask=refused, key_padding_mask=pad, average_attn_weights=False)
    y, weights = ours(q, k, v, mask=mask, pad=pad)
    torch.testing.assert_close(y, expected)
    if wants_weights:
        torch.testing.assert_close(weights, expected_weights)
    else:
        assert weights is None


@pytest.mark.parametrize("wants_weights", [True, False])
def test_causal_self_attention_equals_torch(wants_weights):
    ours, peer = pair(12, 12, 12, num_heads=4, causal=True)
    ours.wants_weights = wants_weights
    (x,) = tensors((2, 5, 12))
    hidden = nn.Transformer.generate_square_subsequent_mask(5)
    torch.testing.assert_close(ours(x, x, x)[0], peer(x, x, x, attn_mask=hidden, is_causal=True)[0])


def test_gradients_equal_torch():
    ours, peer = pair(12, 12, 12, num_heads=3)
    x, direction = tensors((2, 7, 12), (2, 7, 12))
    (ours(x, x, x, pad=PAD)[0] * direction).sum().backward()
    (peer(x, x, x, key_padding_mask=PAD)[0] * direction).sum().backward()
    for mine, theirs in zip(ours.parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad)


@pytest.mark.parametrize("wants_weights", [True, False])
def test_a_query_that_sees_no_key_attends_to_nothing(wants_weights):
    ours, _ = pair(12, 12, 12, num_heads=3)
    ours.wants_weights = wants_weights
    q, k = (t.requires_grad_() for t in tensors((2, 5, 12), (2, 7, 12)))
    pad = torch.tensor([[False] * 7, [True] * 7])
    y, weights = ours(q, k, k, pad=pad)
    torch.testing.assert_close(y[1], ours.out_proj.bias.expand(5, 12))  # the projection of zeros
    if wants_weights:
        assert not weights[1].any()
    y.sum().backward()
    assert q.grad.isfinite().all() and k.grad.isfinite().all()


def test_self_attention_follows_a_permutation_of_its_tokens():
    ours, _ = pair(12, 12, 12, num_heads=3)
    (x,) = tensors((2, 5, 12))
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = x[:, order]
    torch.testing.assert_close(ours(moved, moved, moved)[0], ours(x, x, x)[0][:, order])


def test_dropout_acts_in_training_only_and_keeps_the_shown_weights_whole():
    ours, _ = pair(12, 12, 12, num_heads=3, dropout=0.5)
    (x,) = tensors((2, 5, 12))
    expected, weights = ours.eval()(x, x, x)
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y, training_weights = ours.train()(x, x, x)
    torch.testing.assert_close(training_weights, weights)
    assert not torch.allclose(y, expected)


def test_heads_must_divide_the_features():
    with pytest.raises(ParameterError) as caught:
        components.create("attn_multi_head", embed_dim=12, kdim=12, vdim=12, num_heads=5)
    assert "'num_heads'" in caught.value.message and "divisor of embed_dim (12). Got 5" in caught.value.message
    assert "12" in caught.value.message_zh and "5" in caught.value.message_zh


def test_a_query_that_sees_no_key_gets_zeros_in_an_exported_model_too():
    q, k, v = tensors((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6))
    mask = some_mask(5, 7)
    mask[2] = False
    attention = components.create("attn_scaled_dot").eval()
    program = torch.onnx.export(attention, (q, k, v, mask), dynamo=True, verbose=False)
    (y,) = program(q, k, v, mask)
    assert not y[:, :, 2].any()
    torch.testing.assert_close(y, attention(q, k, v, mask))
