"""How far distributions are from each other."""

from torch import Tensor


def standard_normal_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) of each sample (B,) in nats, summed over mu and logvar (B, *)."""
    return (mu.square() + logvar.exp() - 1 - logvar).flatten(1).sum(1) / 2
