"""Parts of variational autoencoders against torch.distributions and a model whose likelihood is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, MultivariateNormal, Normal, kl_divergence

import components


def test_samples_have_the_mean_and_variance(draw):
    torch.manual_seed(0)
    mu, logvar = draw(3), draw(3)
    z = components.create("vae_reparam")(mu.expand(20000, 3), logvar.expand(20000, 3))
    torch.testing.assert_close(z.mean(0), mu, rtol=0, atol=0.05)
    torch.testing.assert_close(z.var(0), logvar.exp(), rtol=0.05, atol=0)


def test_gradients_of_a_sample(draw):
    mu, logvar = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    torch.manual_seed(0)
    z = components.create("vae_reparam")(mu, logvar)
    d_mu, d_logvar = torch.autograd.grad(z.sum(), (mu, logvar))
    torch.testing.assert_close(d_mu, torch.ones_like(mu))
    torch.testing.assert_close(d_logvar, (z - mu).detach() / 2)


def test_in_evaluation_the_mean_may_be_taken(draw):
    mu, logvar = draw(5, 3), draw(5, 3)
    sampler = components.create("vae_reparam", when="train")
    assert not torch.equal(sampler(mu, logvar), mu)
    assert torch.equal(sampler.eval()(mu, logvar), mu)
    assert not torch.equal(components.create("vae_reparam").eval()(mu, logvar), mu)


def test_kl_equals_torch(draw):
    mu, logvar = draw(5, 2, 3), draw(5, 2, 3)
    expected = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).flatten(1).sum(1).mean()
    loss = components.create("vae_beta", beta=4.0)
    torch.testing.assert_close(loss(mu, logvar), 4 * expected)
    torch.testing.assert_close(loss(mu, logvar, torch.tensor(7.0)), 7 + 4 * expected)
    loss.follow(0.25)  # a warm-up, under way
    torch.testing.assert_close(loss(mu, logvar, torch.tensor(7.0)), 7 + expected)
    assert loss(torch.zeros(2, 3), torch.zeros(2, 3)).item() == 0


@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_reconstruction_equals_torch(draw, distribution):
    x_hat, x = draw(5, 2, 3), draw(5, 2, 3).sigmoid()
    if distribution == "bernoulli":
        x = x.round()
        expected = Bernoulli(logits=x_hat).log_prob(x)
    else:
        expected = Normal(x_hat, 0.3).log_prob(x)
    loss = components.create("vae_reconstruction", distribution=distribution, std=0.3)
    torch.testing.assert_close(loss(x_hat, x), -expected.flatten(1).sum(1).mean())


def test_the_bound_is_tight_at_the_true_posterior(draw):
    """x = W z + noise: log p(x) is known, and so is the posterior; the negative bound lies above and touches it."""
    std, weight = (
        0.5,
        torch.tensor([[1.0, 0.0], [0.0, 0.8], [0.0, 0.0]], dtype=torch.float64),
    )  # columns at right angles
    x = draw(4, 3)
    evidence = MultivariateNormal(torch.zeros(3, dtype=torch.float64), weight @ weight.T + std**2 * torch.eye(3))
    true = -evidence.log_prob(x).mean()
    variance = 1 / (1 + (weight**2).sum(0) / std**2)
    mu = x @ weight / std**2 * variance
    rec, kl = components.create("vae_reconstruction", distribution="gaussian", std=std), components.create("vae_beta")
    reparam = components.create("vae_reparam")

    def negative_bound(mu, logvar, draws=20000):
        torch.manual_seed(0)
        many = [t.repeat(draws, 1) for t in (mu, logvar, x)]
        return kl(mu, logvar, rec(reparam(*many[:2]) @ weight.T, many[2])).item()

    logvar = variance.log().expand_as(mu)
    assert negative_bound(mu, logvar) == pytest.approx(true.item(), abs=0.02)
    assert negative_bound(mu, torch.zeros_like(logvar)) > true + 0.3
    assert negative_bound(mu + 0.5, logvar) > true + 0.3
    assert math.isfinite(true)
