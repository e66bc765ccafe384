"""Embeddings and learned tokens against torch and by hand."""

import pytest
import torch

import components
from components.spec import ParameterError


def test_embedding_is_torchs_and_looks_up_rows():
    layer = components.create("embedding", num_embeddings=11, embedding_dim=7)
    assert type(layer) is torch.nn.Embedding
    ids = torch.tensor([[3, 0, 10], [5, 5, 1]])
    y = layer(ids)
    assert y.shape == (2, 3, 7)
    assert torch.equal(y[1, 0], layer.weight[5]) and torch.equal(y[0, 2], layer.weight[10])


def test_the_padding_vector_is_zero_and_stays_so():
    layer = components.create("embedding", num_embeddings=11, embedding_dim=7, padding_idx=4)
    y = layer(torch.tensor([[4, 2]]))
    assert not y[0, 0].any()
    y.sum().backward()
    assert not layer.weight.grad[4].any() and layer.weight.grad[2].all()


def test_the_padding_vector_must_be_in_the_table():
    with pytest.raises(ParameterError, match=r"'padding_idx'.*less than num_embeddings \(11\). Got 11"):
        components.create("embedding", num_embeddings=11, padding_idx=11)


@pytest.mark.parametrize("count", [1, 3])
def test_learned_tokens_stand_in_front_of_every_sequence(count):
    layer = components.create("learned_token", embed_dim=7, num_tokens=count)
    x = torch.randn(2, 5, 7, generator=torch.Generator().manual_seed(0))
    y = layer(x)
    assert torch.equal(y[:, count:], x)
    assert torch.equal(y[:, :count], layer.tokens.expand(2, -1, -1))
    y[:, :count].sum().backward()
    assert torch.equal(layer.tokens.grad, torch.full((count, 7), 2.0))
