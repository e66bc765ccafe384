"""Parametrisations against torch's own, registered on layers with torch.nn.utils.parametrize."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

import components

LAYERS = {
    "linear": lambda: nn.Linear(6, 4),
    "conv": lambda: nn.Conv2d(3, 5, (2, 3)),
    "embedding": lambda: nn.Embedding(7, 3),
}


def made(kind, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LAYERS[kind]()


def registered(layer, id, **params):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        parametrize.register_parametrization(layer, "weight", components.create(id, weight=layer.weight, **params))
    return layer


def added(layer) -> Any:
    """The parametrisation of the layer's weight."""
    return layer.parametrizations.weight[0]


def trained(layer, steps=3):
    """The layer after some steps that change its weight."""
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for step in range(steps):
        goal = torch.randn(layer.weight.shape, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        ((layer.weight - goal) ** 2).sum().backward()
        optimizer.step()
    return layer


@pytest.mark.parametrize("kind", LAYERS)
def test_weight_norm_equals_torch(kind):
    ours, peer = registered(made(kind), "norm_weight"), parametrizations.weight_norm(made(kind))
    torch.testing.assert_close(ours.weight, made(kind).weight)
    torch.testing.assert_close(trained(ours).weight, trained(peer).weight)


def test_rows_have_the_learned_length_whatever_that_of_v():
    layer = registered(made("conv"), "norm_weight")
    g = added(layer).g
    with torch.no_grad():
        g.copy_(torch.arange(1.0, 6.0).view(5, 1, 1, 1))
        before = layer.weight.clone()
        layer.parametrizations.weight.original.mul_(7.0)
    torch.testing.assert_close(layer.weight.flatten(1).norm(dim=1), torch.arange(1.0, 6.0))
    torch.testing.assert_close(layer.weight, before)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("rounds", [1, 2])
def test_spectral_norm_equals_torch(kind, rounds):
    ours = registered(made(kind), "norm_spectral", rounds=rounds)
    peer = parametrizations.spectral_norm(made(kind), n_power_iterations=rounds)
    mine, theirs = added(ours), added(peer)
    theirs._u.copy_(mine.u)
    theirs._v.copy_(mine.v)
    torch.testing.assert_close(trained(ours).weight, trained(peer).weight)


def test_largest_singular_value_becomes_one():
    layer = registered(made("conv"), "norm_spectral", rounds=30)
    norm = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
    assert norm.item() == pytest.approx(1.0, abs=1e-4)


def test_spectral_norm_stands_still_in_evaluation():
    layer = registered(made("linear"), "norm_spectral").eval()
    first = layer.weight.clone()
    assert torch.equal(layer.weight, first)
    u = added(layer).u.clone()
    layer.train()
    _ = layer.weight
    assert not torch.equal(added(layer).u, u)


def test_gradients_pass_two_forwards_of_spectral_norm():
    layer = registered(made("linear"), "norm_spectral")
    x = torch.ones(2, 6)
    (layer(x).sum() + layer(2 * x).square().sum()).backward()
    assert layer.parametrizations.weight.original.grad.isfinite().all()


@pytest.mark.parametrize("kind", LAYERS)
def test_lora_changes_nothing_at_first(kind):
    layer = registered(made(kind), "peft_lora", rank=2)
    assert torch.equal(layer.weight, made(kind).weight)
    assert components.get("peft_lora").factory.freezes


def test_lora_adds_a_scaled_product():
    layer = registered(made("linear"), "peft_lora", rank=2, alpha=6.0)
    lora = added(layer)
    with torch.no_grad():
        lora.b.normal_(generator=torch.Generator().manual_seed(2))
    x = torch.randn(3, 6, generator=torch.Generator().manual_seed(3))
    base: Any = made("linear")
    torch.testing.assert_close(layer(x), base(x) + 3.0 * (x @ lora.a.mT) @ lora.b.mT)
    assert torch.linalg.matrix_rank(layer.weight - base.weight) == 2
    with torch.no_grad():
        base.weight += 3.0 * lora.b @ lora.a
    torch.testing.assert_close(layer(x), base(x))


def test_lora_learns_few_weights():
    layer = registered(nn.Conv2d(8, 16, 3), "peft_lora", rank=2)
    lora = added(layer)
    assert sum(p.numel() for p in lora.parameters()) == 2 * (16 + 8 * 9)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.5, 0.9])
def test_pruning_mask_equals_torch(kind, ratio):
    layer = registered(made(kind), "cmp_weight_prune", ratio=ratio)
    peer = made(kind)
    prune.l1_unstructured(peer, "weight", amount=ratio)
    assert torch.equal(layer.weight, peer.weight)
    assert (layer.weight == 0).sum().item() == round(ratio * layer.weight.numel())


def test_pruned_weights_stay_zero_and_the_others_learn():
    layer = registered(made("conv"), "cmp_weight_prune", ratio=0.4)
    before = layer.weight.detach().clone()
    after = trained(layer).weight
    assert torch.equal(after == 0, before == 0)
    assert (after != before)[before != 0].all()


def test_pruning_keeps_its_mask_through_a_state_dict():
    layer = registered(made("conv", seed=0), "cmp_weight_prune", ratio=0.4)
    other = registered(made("conv", seed=5), "cmp_weight_prune", ratio=0.4)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other.weight, layer.weight)


def test_adapter_is_the_identity_at_first_and_small():
    adapter = components.create("peft_adapter", embed_dim=12, bottleneck=3)
    h = torch.randn(2, 5, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(adapter(h), h)
    assert sum(p.numel() for p in adapter.parameters()) == 2 * 12 * 3 + 12 + 3


@pytest.mark.parametrize("activation, function", [("gelu", nn.functional.gelu), ("relu", torch.relu)])
def test_adapter_equals_its_formula(activation, function):
    adapter = components.create("peft_adapter", embed_dim=6, bottleneck=2, activation=activation)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.normal_(generator=generator)
    h = torch.randn(3, 6, generator=generator)
    down = function(h @ adapter.down.weight.mT + adapter.down.bias)
    torch.testing.assert_close(adapter(h), h + down @ adapter.up.weight.mT + adapter.up.bias)
