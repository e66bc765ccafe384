"""Transformer layers against torch's, with the weights copied over."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import components
from components.spec import ParameterError

TORCH_ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu}


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


def scramble(module):
    """Weights away from their initial values, so that norms and biases matter."""
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            parameter.add_(tensors(parameter.shape, seed=100 + i)[0] / 4)
    return module


def mask_of(*shape):
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(2)) < 0.5
    mask[..., 0] = True
    return mask


PAD = torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
MEMORY_PAD = torch.tensor([[False] * 4 + [True] * 3, [False] * 7])


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu", "silu"])
@pytest.mark.parametrize("masked", ["", "mask pad", "causal"])
@pytest.mark.parametrize("wants_weights", [True, False])
def test_encoder_layer_equals_torch(norm_first, activation, masked, wants_weights):
    peer = nn.TransformerEncoderLayer(
        12, 3, 7, 0.0, TORCH_ACTIVATIONS[activation], layer_norm_eps=1e-3, batch_first=True, norm_first=norm_first
    )
    ours = components.create(
        "tr_encoder_layer", embed_dim=12, num_heads=3, dim_feedforward=7, activation=activation, norm_first=norm_first,
        causal=masked == "causal", eps=1e-3,
    )  # fmt: skip
    ours.load_state_dict(scramble(peer).state_dict(), strict=True)
    ours.wants_weights = wants_weights
    (x,) = tensors((2, 5, 12))
    mask, pad = (mask_of(5, 5), PAD) if "pad" in masked else (None, None)
    hidden = ~mask if mask is not None else ~torch.ones(5, 5, dtype=torch.bool).tril() if masked == "causal" else None
    expected = peer(x, src_mask=hidden, src_key_padding_mask=pad)
    y, weights = ours(x, mask=mask, pad=pad)
    torch.testing.assert_close(y, expected)
    assert (weights is not None) == wants_weights


def test_encoder_weights_are_those_of_its_attention():
    ours = scramble(components.create("tr_encoder_layer", embed_dim=12, num_heads=3, norm_first=False))
    (x,) = tensors((2, 5, 12))
    expected = ours.self_attn(x, x, x, key_padding_mask=PAD, average_attn_weights=False)[1]
    torch.testing.assert_close(ours(x, pad=PAD)[1], expected)


def test_encoder_gradients_equal_torch():
    peer = nn.TransformerEncoderLayer(12, 3, 7, 0.0, "gelu", batch_first=True, norm_first=True)
    ours = components.create("tr_encoder_layer", embed_dim=12, num_heads=3, dim_feedforward=7)
    ours.load_state_dict(scramble(peer).state_dict(), strict=True)
    x, direction = tensors((2, 5, 12), (2, 5, 12))
    for layer in (peer, ours):
        y = layer(x)
        ((y if layer is peer else y[0]) * direction).sum().backward()
    for (name, mine), theirs in zip(ours.named_parameters(), peer.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, msg=name)


def test_without_biases_the_keys_are_still_those_of_torch():
    peer = nn.TransformerEncoderLayer(12, 3, 7, 0.0, "gelu", batch_first=True, bias=False)
    ours = components.create(
        "tr_encoder_layer", embed_dim=12, num_heads=3, dim_feedforward=7, norm_first=False, bias=False
    )
    ours.load_state_dict(peer.state_dict(), strict=True)
    (x,) = tensors((2, 5, 12))
    torch.testing.assert_close(ours(x)[0], peer(x))


def test_the_same_seed_initialises_as_torch_does():
    states = []
    for make in (
        lambda: nn.TransformerEncoderLayer(12, 3, 48, batch_first=True),
        lambda: components.create("tr_encoder_layer", embed_dim=12, num_heads=3),
    ):
        with torch.random.fork_rng():
            torch.manual_seed(5)
            states.append(make().state_dict())
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("masked", ["", "masks", "causal"])
@pytest.mark.parametrize("wants_weights", [True, False])
def test_decoder_layer_equals_torch(norm_first, masked, wants_weights):
    peer = nn.TransformerDecoderLayer(12, 3, 7, 0.0, "gelu", batch_first=True, norm_first=norm_first)
    ours = components.create(
        "tr_decoder_layer", embed_dim=12, memory_dim=12, num_heads=3, dim_feedforward=7, norm_first=norm_first,
        causal=masked == "causal",
    )  # fmt: skip
    ours.load_state_dict(scramble(peer).state_dict(), strict=True)
    ours.wants_weights = wants_weights
    x, memory = tensors((2, 5, 12), (2, 7, 12))
    given, theirs = {}, {}
    if masked == "masks":
        given = {"mask": mask_of(5, 5), "pad": PAD, "memory_mask": mask_of(5, 7), "memory_pad": MEMORY_PAD}
        theirs = {
            "tgt_mask": ~given["mask"], "memory_mask": ~given["memory_mask"], "tgt_key_padding_mask": PAD,
            "memory_key_padding_mask": MEMORY_PAD,
        }  # fmt: skip
    elif masked == "causal":
        theirs = {"tgt_mask": ~torch.ones(5, 5, dtype=torch.bool).tril()}
    y, weights = ours(x, memory, **given)
    torch.testing.assert_close(y, peer(x, memory, **theirs))
    if wants_weights:
        assert weights.shape == (2, 3, 5, 7)
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))
    else:
        assert weights is None


def test_decoder_takes_a_memory_of_another_width():
    ours = components.create("tr_decoder_layer", embed_dim=12, memory_dim=8, num_heads=3)
    x, memory = tensors((2, 5, 12), (2, 7, 8))
    expected = ours.multihead_attn(ours.norm2(x), memory, memory)[0]
    torch.testing.assert_close(ours.cross_attention(ours.norm2(x), memory, None, None)[0], expected)
    assert ours(x, memory)[0].shape == (2, 5, 12)


@pytest.mark.parametrize("component", ["tr_encoder_layer", "tr_decoder_layer"])
def test_causal_layers_never_look_ahead(component):
    sizes = {"embed_dim": 12, "num_heads": 3, "causal": True}
    layer = components.create(component, **sizes, **({"memory_dim": 12} if "decoder" in component else {}))
    x, other, memory = tensors((2, 5, 12), (2, 5, 12), (2, 7, 12))
    given = (memory,) if "decoder" in component else ()
    changed = torch.cat((x[:, :3], other[:, 3:]), 1)
    before, after = layer(x, *given)[0], layer(changed, *given)[0]
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.isclose(before[:, 3:], after[:, 3:]).all(-1).any()


@pytest.mark.parametrize("component", ["tr_encoder_layer", "tr_decoder_layer"])
def test_padding_does_not_change_real_positions(component):
    decoder = "decoder" in component
    layer = components.create(
        component, embed_dim=12, num_heads=3, causal=False, **({"memory_dim": 12} if decoder else {})
    )
    x, memory, noise = tensors((1, 3, 12), (1, 7, 12), (1, 2, 12))
    given = (memory,) if decoder else ()
    pad = torch.tensor([[False] * 3 + [True] * 2])
    padded = layer(torch.cat((x, noise), 1), *given, pad=pad)[0]
    torch.testing.assert_close(padded[:, :3], layer(x, *given)[0])


@pytest.mark.parametrize("component", ["tr_encoder_layer", "tr_decoder_layer"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_dropout_acts_in_training_only(component, norm_first):
    memory_dim = {"memory_dim": 12} if "decoder" in component else {}
    layer = components.create(component, embed_dim=12, num_heads=3, dropout=0.4, norm_first=norm_first, **memory_dim)
    inputs = tensors((2, 5, 12), (2, 7, 12))[: 2 if memory_dim else 1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert not torch.allclose(layer(*inputs)[0], layer(*inputs)[0])
    layer.eval()
    assert torch.equal(layer(*inputs)[0], layer(*inputs)[0])


@pytest.mark.parametrize("component", ["tr_encoder_layer", "tr_decoder_layer"])
def test_heads_must_divide_the_features(component):
    memory_dim = {"memory_dim": 12} if "decoder" in component else {}
    with pytest.raises(ParameterError, match=rf"'num_heads' parameter of {component}.*embed_dim \(12\)"):
        components.create(component, embed_dim=12, num_heads=5, **memory_dim)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_feed_forward_equals_timm(activation):
    from timm.layers import Mlp

    ours = components.create("tr_ffn", embed_dim=6, dim_feedforward=7, activation=activation)
    peer = Mlp(6, 7, act_layer={"relu": nn.ReLU, "gelu": nn.GELU}[activation])
    renamed = {k.replace("linear", "fc"): v for k, v in ours.state_dict().items()}
    peer.load_state_dict(renamed, strict=True)
    (x,) = tensors((2, 5, 6))
    torch.testing.assert_close(ours(x), peer(x))


def test_feed_forward_is_four_times_as_wide_and_acts_on_each_position_alone():
    ours = components.create("tr_ffn", embed_dim=6)
    assert ours.linear1.out_features == 24
    (x,) = tensors((2, 5, 6))
    torch.testing.assert_close(ours(x)[:, 3:4], ours(x[:, 3:4]))
