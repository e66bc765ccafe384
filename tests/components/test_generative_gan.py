"""GAN losses and penalties against what their papers prove about them."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from torch import nn
from torch.distributions import Categorical, kl_divergence

import components

P = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)  # real
Q = torch.tensor([0.1, 0.3, 0.6], dtype=torch.float64)  # generated
REAL, FAKE = torch.tensor([0] * 5 + [1] * 3 + [2] * 2), torch.tensor([0] + [1] * 3 + [2] * 6)  # samples in proportion
CHANCE = torch.zeros(4, dtype=torch.float64)


def losses(id, d_real, d_fake, **params):
    return components.create(id, **params)(d_real, d_fake)


def test_a_blind_discriminator_is_worth_log_4():
    loss_d, loss_g = losses("gan_minimax", CHANCE, CHANCE)
    assert loss_d.item() == pytest.approx(math.log(4))
    assert loss_g.item() == pytest.approx(-math.log(2))


def test_the_best_discriminator_measures_the_jensen_shannon_divergence():
    best = torch.logit(P / (P + Q))
    value = -losses("gan_minimax", best[REAL], best[FAKE])[0]
    p, q, middle = Categorical(P), Categorical(Q), Categorical((P + Q) / 2)
    js = (kl_divergence(p, middle) + kl_divergence(q, middle)) / 2
    assert value.item() == pytest.approx(2 * js.item() - math.log(4))


def test_the_two_generator_losses_differ_where_the_discriminator_wins():
    d_fake = torch.tensor([-30.0], requires_grad=True)
    slopes = {}
    for id in ("gan_minimax", "gan_nonsaturating"):
        loss_d, loss_g = losses(id, torch.tensor([30.0]), d_fake)
        assert loss_d.item() == pytest.approx(0.0, abs=1e-9)
        slopes[id] = torch.autograd.grad(loss_g, d_fake)[0].item()
    assert slopes["gan_minimax"] == pytest.approx(0.0, abs=1e-9)
    assert slopes["gan_nonsaturating"] == pytest.approx(-1.0)


def test_nonsaturating_is_cross_entropy(draw):
    d_real, d_fake = draw(6), draw(4)
    bce = nn.functional.binary_cross_entropy_with_logits
    loss_d, loss_g = losses("gan_nonsaturating", d_real, d_fake)
    ones = torch.ones_like
    torch.testing.assert_close(loss_d, bce(d_real, ones(d_real)) + bce(d_fake, torch.zeros_like(d_fake)))
    torch.testing.assert_close(loss_g, bce(d_fake, ones(d_fake)))


def test_least_squares_measures_pearsons_divergence():
    best = (P - Q) / (P + Q)  # of a=-1, b=1
    params = {"a": -1.0, "b": 1.0, "c": 0.0}
    on_fake = losses("gan_lsgan", best[REAL], best[FAKE], **params)[1]
    on_real = losses("gan_lsgan", best[FAKE], best[REAL], **params)[1]
    pearson = ((2 * Q - (P + Q)) ** 2 / (P + Q)).sum()
    assert 2 * (on_fake + on_real).item() == pytest.approx(pearson.item())
    by_hand = losses("gan_lsgan", torch.tensor([3.0, 1.0]), torch.tensor([2.0]))  # b=c=1, a=0
    assert [v.item() for v in by_hand] == [0.5 * 2.0 + 0.5 * 4.0, 0.5]


def test_hinge_ignores_what_lies_beyond_its_margin():
    d_real = torch.tensor([1.5, 0.0], requires_grad=True)
    d_fake = torch.tensor([-1.5, 0.5], requires_grad=True)
    loss_d, loss_g = losses("gan_hinge", d_real, d_fake)
    assert (loss_d.item(), loss_g.item()) == (0.5 + 0.75, 0.5)
    gradients = torch.autograd.grad(loss_d, (d_real, d_fake))
    assert [g.tolist() for g in gradients] == [[0.0, -0.5], [0.0, 0.5]]


def test_the_best_critic_measures_the_earth_movers_distance(draw):
    real, fake = draw(40), draw(40) * 2 + 0.5
    points = torch.cat((real, fake)).sort().values
    below = [(x[:, None] <= points[None]).double().mean(0) for x in (real, fake)]
    slope = torch.sign(below[1] - below[0])  # of the best critic of slope at most 1, right of each point
    heights = torch.cat((torch.zeros(1), (slope[:-1] * points.diff()).cumsum(0)))

    def critic(x):
        return heights[torch.searchsorted(points, x)]

    loss_d, loss_g = losses("gan_wgan", critic(real), critic(fake))
    assert abs(loss_d.item()) == pytest.approx(stats.wasserstein_distance(real.numpy(), fake.numpy()))
    assert loss_g.item() == pytest.approx(-critic(fake).mean().item())


def linear(weight):
    critic = nn.Linear(len(weight), 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([weight]))
    return critic


@pytest.mark.parametrize(("weight", "norm"), [([0.6, 0.8], 1.0), ([3.0, 4.0], 5.0), ([0.0, 0.0], 0.0)])
def test_penalties_of_a_linear_critic(weight, norm):
    x = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.5]])
    penalty = components.create("gan_wgan_gp", critic=linear(weight), strength=2.0)
    assert penalty(x, x.flip(0)).item() == pytest.approx(2 * (norm - 1) ** 2, abs=1e-4)
    assert components.create("gan_r1", critic=linear(weight), gamma=3.0)(x).item() == pytest.approx(1.5 * norm**2)


def test_the_gradient_penalty_looks_between_the_samples():
    seen = []

    def critic(x):
        seen.append(x.detach())
        return (x**2).sum(1)  # the slope at x is 2|x|

    torch.manual_seed(0)
    real, fake = torch.zeros(200, 3), torch.ones(200, 3)
    value = components.create("gan_wgan_gp", critic=critic, strength=1.0)(real, fake)
    (points,) = seen
    assert points.min() >= 0 and points.max() <= 1 and points.std() > 0.2
    assert torch.equal(points, points[:, :1].expand_as(points))  # one share for the whole sample
    torch.testing.assert_close(value, (2 * points.norm(dim=1) - 1).square().mean())


@pytest.mark.parametrize("id", ["gan_wgan_gp", "gan_r1"])
def test_penalties_train_the_critic_alone_and_work_without_gradients(id):
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
    penalty = components.create(id, critic=critic)
    x = torch.randn(6, 3, requires_grad=True)
    inputs = (x, x + 1) if id == "gan_wgan_gp" else (x,)
    torch.manual_seed(1)
    value = penalty(*inputs)
    gradients = torch.autograd.grad(value, [x, *critic.parameters()], allow_unused=True)
    assert gradients[0] is None
    assert all(g is not None and g.any() for g in gradients[1:-1])
    with torch.no_grad():
        torch.manual_seed(1)
        assert torch.equal(penalty(*inputs), value)


def test_the_gradient_of_the_penalty_equals_finite_differences():
    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    penalty = components.create("gan_r1", critic=critic, gamma=1.0)
    x = torch.randn(5, 3, dtype=torch.float64)

    def value(weight):
        with torch.no_grad():
            critic[0].weight.copy_(weight)
        return penalty(x)

    weight = critic[0].weight.detach().clone()
    (gradient,) = torch.autograd.grad(value(weight), critic[0].weight)
    step = torch.zeros_like(weight)
    step[1, 2] = 1e-6
    slope = (value(weight + step) - value(weight - step)) / 2e-6
    assert gradient[1, 2].item() == pytest.approx(slope.item(), rel=1e-6)


def test_dirac_gan_needs_the_penalty():
    """One point against one point (Mescheder et al.): alternating descent circles at 1.41; with R1 it falls inward."""

    def distance(gamma):
        generator, slope = torch.tensor([[1.0]], requires_grad=True), torch.tensor([1.0], requires_grad=True)
        loss = components.create("gan_minimax")
        penalty = components.create("gan_r1", critic=lambda x: x * slope, gamma=gamma)
        real = torch.zeros(1, 1)
        for _ in range(500):
            value = loss(real * slope, generator.detach() * slope)[0] + penalty(real)
            (step,) = torch.autograd.grad(value, slope)
            with torch.no_grad():
                slope -= 0.1 * step
            (step,) = torch.autograd.grad(loss(real * slope, generator * slope)[1], generator)
            with torch.no_grad():
                generator -= 0.1 * step
        return math.hypot(generator.item(), slope.item())

    assert distance(1.0) < 0.01
    assert distance(0.0) > 1.3


def test_noise_is_standard_normal_for_every_sample():
    torch.manual_seed(0)
    z = components.create("noise_normal", size=50)(torch.zeros(400, 3))
    assert z.shape == (400, 50)
    assert z.mean().item() == pytest.approx(0, abs=0.02) and z.std().item() == pytest.approx(1, abs=0.02)
    assert components.create("noise_normal", size=(2, 5))(torch.zeros(3, 7, dtype=torch.int64)).shape == (3, 2, 5)
    assert components.create("noise_normal")(torch.zeros(3, 7)).shape == (3, 7)


def test_a_loss_weight_follows_its_schedule():
    weight = components.create("loss_weight", weight=3.0)
    assert weight(torch.tensor(2.0)).item() == 6.0
    weight.follow(0.5)
    assert weight(torch.tensor(2.0)).item() == 3.0
