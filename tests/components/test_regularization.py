"""Regularizers against closed forms, torch and torchvision."""

from __future__ import annotations

import math

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from components import create


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize("p", [0.0, 0.2, 0.7, 1.0])
def test_stochastic_depth_leaves_out_whole_samples(p):
    x, residual = torch.rand(4000, 3, 2), torch.rand(4000, 3, 2) + 0.5
    layer = create("reg_stochastic_depth", p=p)
    added = ((layer(x, residual) - x) / residual).flatten(1)
    kept = added > 0.5
    assert torch.equal(kept.all(1), kept.any(1))
    assert kept[:, 0].float().mean().item() == pytest.approx(1 - p, abs=0.025)
    if p < 1:
        torch.testing.assert_close(added, kept / (1 - p), rtol=1e-3, atol=1e-3)
    assert torch.equal(layer.eval()(x, residual), x + residual)


def test_stochastic_depth_is_torchvisions():
    residual = torch.rand(4000, 3)
    mine = create("reg_stochastic_depth", p=0.3)(torch.zeros(4000, 3), residual)
    theirs = torchvision.ops.stochastic_depth(residual, 0.3, "row")
    torch.testing.assert_close(mine.amax(0), theirs.amax(0), rtol=0.01, atol=0)
    torch.testing.assert_close(mine.mean(0), theirs.mean(0), rtol=0.06, atol=0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_label_smoothing_equals_torch(draw, smoothing):
    logits, target = draw(4, 3, 5), torch.randint(3, (4, 5))
    target[0, :2] = -100
    expected = nn.CrossEntropyLoss(label_smoothing=smoothing)(logits, target)
    torch.testing.assert_close(create("reg_label_smoothing", smoothing=smoothing)(logits, target), expected)
    last = create("reg_label_smoothing", smoothing=smoothing, class_axis=-1)(logits.movedim(1, -1), target)
    torch.testing.assert_close(last, expected)


def test_label_smoothing_by_hand():
    logits = torch.tensor([[0.2, -0.4, 1.1]], dtype=torch.float64)
    p = [math.exp(v) / sum(math.exp(w) for w in logits[0].tolist()) for v in logits[0].tolist()]
    wanted = [0.1, 0.8, 0.1]  # 1 - 0.3 and a third of 0.3 for each
    expected = -sum(q * math.log(v) for q, v in zip(wanted, p, strict=True))
    assert create("reg_label_smoothing", smoothing=0.3)(logits, torch.tensor([1])).item() == pytest.approx(expected)


@pytest.mark.parametrize("value, flooded, slope", [(0.8, 0.8, 1.0), (0.1, 0.5, -1.0), (0.3, 0.3, 0.0)])
def test_flooding_turns_the_loss_round(value, flooded, slope):
    loss = torch.tensor(value, requires_grad=True)
    out = create("reg_flooding", level=0.3)(loss)
    assert out.item() == pytest.approx(flooded)
    assert torch.autograd.grad(out, loss)[0].item() == slope
    assert create("reg_flooding", level=0.3).eval()(loss) is loss
    assert create("reg_flooding", level=0.0)(loss).item() == pytest.approx(value)


@pytest.mark.parametrize("beta", [0.0, 0.01, 2.0])
def test_information_bottleneck(draw, beta):
    mu, logvar, logits, target = draw(4, 5), draw(4, 5), draw(4, 3), torch.tensor([0, 2, 1, 1])
    code = torch.distributions.Normal(mu, (logvar / 2).exp())
    standard = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    divergence = torch.distributions.kl_divergence(code, standard).sum(1).mean()
    loss = create("reg_vib", beta=beta)
    expected = F.cross_entropy(logits, target) + beta * divergence
    torch.testing.assert_close(loss(mu, logvar, logits, target), expected)
    loss.follow(0.5)
    torch.testing.assert_close(
        loss(mu, logvar, logits, target), F.cross_entropy(logits, target) + beta / 2 * divergence
    )


def test_gradient_penalty_of_a_linear_model(draw):
    # The gradient of the cross entropy at x is W^T (p - one-hot).
    model, x, target = nn.Linear(4, 3).double(), draw(5, 4), torch.tensor([0, 2, 1, 1, -100])
    error = model(x).softmax(1) - F.one_hot(target.clamp(min=0), 3)
    error[4] = 0
    expected = 0.7 * (error @ model.weight).square().sum(1).mean()
    loss = create("reg_gradient_penalty", model=model, strength=0.7)
    torch.testing.assert_close(loss(x, target), expected)
    gradients = torch.autograd.grad(loss(x, target), list(model.parameters()))
    for gradient, wanted in zip(gradients, torch.autograd.grad(expected, list(model.parameters())), strict=True):
        torch.testing.assert_close(gradient, wanted)
    with torch.no_grad():
        torch.testing.assert_close(loss(x, target), expected)


def test_gradient_penalty_differentiates_its_gradient_rightly(draw):
    weight, x, target = draw(3, 4), draw(2, 4), torch.tensor([0, 2])

    def penalty(w):
        return create("reg_gradient_penalty", model=lambda z: torch.tanh(z @ w.T))(x, target)

    assert torch.autograd.gradcheck(penalty, weight.requires_grad_())


class Flat(nn.Module):
    """A model that a single direction of its input changes most."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.diag(torch.tensor([0.1, 3.0, 0.2, 0.1])).double()[:, :3])

    def forward(self, x):
        return x @ self.weight


def divergence(model, x, step):
    p, q = model(x).log_softmax(1), model(x + step).log_softmax(1)
    return (p.exp() * (p - q)).sum(1)


def test_virtual_adversarial_finds_the_worst_direction(draw):
    model, x = Flat(), draw(6, 4)
    loss = create("reg_vat", model=model, eps=0.02, xi=0.01, rounds=4)(x).item()
    # So near, a direction and its opposite do the same.
    turns = F.normalize(draw(2000, 4), dim=1)
    others = torch.stack([divergence(model, x, 0.02 * turn) for turn in turns])  # (2000, 6)
    assert loss > 0.9 * others.amax(0).mean().item()
    assert loss > 2 * others.mean().item()
    assert loss <= 1.02 * others.amax(0).mean().item(), "farther than eps"


def test_virtual_adversarial_without_a_step_is_zero(draw):
    assert create("reg_vat", model=Flat(), eps=0.0)(draw(6, 4)).item() == pytest.approx(0, abs=1e-12)


def test_virtual_adversarial_takes_the_clean_prediction_as_constant(draw):
    # Its gradient is that of the cross entropy between the clean prediction and the disturbed one.
    model, x = nn.Linear(4, 3).double(), draw(6, 4)
    torch.manual_seed(3)
    (gradient,) = torch.autograd.grad(create("reg_vat", model=model, eps=0.5)(x), model.bias)
    # For one linear layer a step of the power iteration from any d ends in the image of W^T; it is searched again.
    torch.manual_seed(3)
    d = F.normalize(torch.randn_like(x), dim=1)
    clean = model(x).softmax(1).detach()
    moved = model(x + 0.1 * d).softmax(1)
    step = 0.5 * F.normalize((moved - clean) @ model.weight, dim=1)
    expected = (model(x + step).softmax(1) - clean).mean(0)
    torch.testing.assert_close(gradient, expected.detach())
    assert not any(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("temperature", [2 / 3, 0.3])
def test_l0_penalty_is_the_share_of_open_gates(share, temperature):
    layer = create("reg_l0", in_channels=4, strength=0.5, temperature=temperature, open_share=share)
    y, loss = layer(torch.ones(50_000, 4))
    assert y.min() == 0 and y.max() == 1
    assert loss.item() == pytest.approx(0.5 * (y > 0).float().mean(0).sum().item(), abs=0.01)
    assert loss.item() == pytest.approx(layer.eval()(torch.ones(2, 4))[1].item())


def test_l0_gates_follow_the_hard_concrete_distribution():
    layer, scale = create("reg_l0", in_channels=1, temperature=0.7), 1.2
    y = layer(torch.ones(50_000, 1))[0]
    for bound in (0.2, 0.5, 0.8):
        # P(z <= v): the gate before it is stretched is at most (v + 0.1) / 1.2, whose logit is logistic.
        stretched = (bound + 0.1) / scale
        logit = math.log(stretched / (1 - stretched)) * 0.7 - layer.log_alpha.item()
        assert (y <= bound).float().mean().item() == pytest.approx(1 / (1 + math.exp(-logit)), abs=0.01)


def test_l0_gates_close_whole_channels_for_good():
    layer = create("reg_l0", in_channels=3).eval()
    with torch.no_grad():
        layer.log_alpha.copy_(torch.tensor([-5.0, 0.0, 5.0]))
    x = torch.rand(2, 3, 4, 5)
    y, _ = layer(x)
    assert not y[:, 0].any()
    torch.testing.assert_close(y[:, 1], x[:, 1] / 2)
    torch.testing.assert_close(y[:, 2], x[:, 2])


def clipped(id, gradient, **params):
    """The gradient in front of a clipping op where this one comes back, and what torch makes of it."""
    x = torch.randn_like(gradient).requires_grad_()
    y = create(id, **params)(x)
    assert torch.equal(y, x)
    y.backward(gradient)
    parameter = nn.Parameter(torch.zeros_like(gradient))
    parameter.grad = gradient.clone()
    return x.grad, parameter


@pytest.mark.parametrize("clip_value", [0.1, 1.0, 50.0])
def test_clipping_by_value_equals_torch(clip_value):
    found, peer = clipped("reg_clip_value", 3 * torch.randn(4, 3, 2), clip_value=clip_value)
    nn.utils.clip_grad_value_([peer], clip_value)
    assert torch.equal(found, peer.grad)


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 50.0])
def test_clipping_by_norm_equals_torch(max_norm):
    gradient = 3 * torch.randn(4, 3, 2)
    found, peer = clipped("reg_clip_norm", gradient, max_norm=max_norm)
    nn.utils.clip_grad_norm_([peer], max_norm)
    torch.testing.assert_close(found, peer.grad)
    assert found.norm() <= max_norm
    torch.testing.assert_close(F.cosine_similarity(found.flatten(), gradient.flatten(), dim=0), torch.tensor(1.0))


@pytest.mark.parametrize("id", ["reg_clip_value", "reg_clip_norm"])
def test_clipping_tames_a_long_chain_where_it_stands(id):
    """Three to the hundredth is beyond all floats; clipped at each step the gradient stays small."""
    w = torch.tensor(3.0)
    x = y = torch.tensor([1e-30], requires_grad=True)
    for _ in range(100):
        y = create(id)(w * y)
    y.backward()
    assert 0 < x.grad.item() <= 3.0


@pytest.mark.parametrize("id", ["reg_clip_value", "reg_clip_norm"])
def test_clipping_does_nothing_where_no_gradient_flows(id):
    x = torch.ones(3, requires_grad=True)
    with torch.no_grad():
        assert create(id)(x) is x
    assert not create(id)(torch.ones(3)).requires_grad
