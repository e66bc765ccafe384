"""Position encodings against their formulas and rotary_embedding_torch."""

import math

import pytest
import torch

import components


def tensors(*shapes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in shapes]


@pytest.mark.parametrize("features", [8, 7])
@pytest.mark.parametrize("base", [10000.0, 50.0])
def test_sinusoidal_equals_its_formula(features, base):
    table = components.create("pe_sinusoidal", base=base)(torch.zeros(1, 40, features))[0]
    for t in (0, 1, 17, 39):
        for i in range(features):
            angle = t / base ** ((i - i % 2) / features)
            assert table[t, i].item() == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=2e-5)


def test_sinusoidal_products_depend_on_the_distance_alone():
    table = components.create("pe_sinusoidal")(torch.zeros(1, 50, 8))[0]
    products = table @ table.T
    for distance in range(1, 50):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=0)


def test_sinusoidal_is_added_in_the_dtype_of_the_input():
    encoding = components.create("pe_sinusoidal")
    (x,) = tensors((2, 5, 8))
    torch.testing.assert_close(encoding(x) - x, encoding(torch.zeros(2, 5, 8)), atol=1e-6, rtol=0)
    assert encoding(x.bfloat16()).dtype == torch.bfloat16


def test_learnable_equals_an_embedding_of_the_positions():
    encoding = components.create("pe_learnable", embed_dim=7, max_len=11)
    peer = torch.nn.Embedding(11, 7)
    peer.load_state_dict(encoding.state_dict(), strict=True)
    (x,) = tensors((2, 5, 7))
    torch.testing.assert_close(encoding(x), x + peer(torch.arange(5)))
    assert encoding.weight.std().item() == pytest.approx(0.02, rel=0.3)


def test_learnable_refuses_a_longer_sequence_in_both_languages():
    encoding = components.create("pe_learnable", embed_dim=7, max_len=4)
    with pytest.raises(ValueError, match="has 5 steps, but max_len is 4") as caught:
        encoding(torch.zeros(2, 5, 7))
    assert "5 步" in caught.value.message_zh and "max_len 为 4" in caught.value.message_zh


@pytest.mark.parametrize("base", [10000, 100])
def test_rope_equals_rotary_embedding_torch(base):
    from rotary_embedding_torch import RotaryEmbedding

    q, k = tensors((2, 3, 9, 8), (2, 3, 6, 8))
    peer = RotaryEmbedding(dim=8, theta=base, cache_if_possible=False)
    turned_q, turned_k = components.create("pe_rope", base=float(base))(q, k)
    torch.testing.assert_close(turned_q, peer.rotate_queries_or_keys(q))
    torch.testing.assert_close(turned_k, peer.rotate_queries_or_keys(k))


def test_rope_keeps_lengths_and_leaves_position_zero():
    q, k = tensors((2, 3, 9, 8), (2, 3, 9, 8))
    turned, _ = components.create("pe_rope")(q, k)
    torch.testing.assert_close(turned.norm(dim=-1), q.norm(dim=-1))
    assert torch.equal(turned[:, :, 0], q[:, :, 0])


def test_rope_products_depend_on_the_distance_alone():
    q, k = (t.expand(1, 1, 30, 8) for t in tensors((1, 1, 1, 8), (1, 1, 1, 8)))
    turned_q, turned_k = components.create("pe_rope")(q, k)
    products = (turned_q @ turned_k.mT)[0, 0]
    for distance in range(-29, 30):
        along = products.diagonal(distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=0)
    assert not torch.allclose(products[0, 0], products[5, 0])


def test_rope_refuses_odd_features_in_both_languages():
    q, k = tensors((2, 3, 5, 8), (2, 3, 5, 7))
    with pytest.raises(ValueError, match=r"must be even to form pairs\. Got 7 at k") as caught:
        components.create("pe_rope")(q, k)
    assert "k 收到：7" in caught.value.message_zh
