"""The gradient penalty of WGAN-GP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from components.registry import component
from components.slope import squared_slope
from components.spec import Block, Dims, NonNegativeFloat, example, sub


@component(
    id="gan_wgan_gp",
    kind="loss",
    family="GAN loss",
    name="Gradient penalty (WGAN-GP)",
    name_zh="WGAN-GP 梯度惩罚",
    help_zh="在真假样本的连线上随机取点，使评论家在那里的梯度范数接近 1；与 WGAN 损失相加。",
    source="Gulrajani et al., Improved Training of Wasserstein GANs, arXiv 1704.00028",
    keywords="wgan-gp gan critic lipschitz double backward 生成对抗 梯度惩罚 评论家",
    tags=("stochastic", "random_in_evaluation"),
    examples=(example(x_real=(5, 3), x_fake=(5, 3), critic=sub("linear", in_features=3, out_features=1)),),
    xfail={"gradient": "it trains the critic alone: what made its inputs gets no gradient"},
)
class GradientPenalty(nn.Module):
    r"""Holds the slope of a critic near 1 between real and generated samples.

    $$\ell = \lambda\, \mathbb{E}\left[(\lVert \nabla_{\hat x} D(\hat x) \rVert - 1)^2\right], \quad
    \hat x = u\, x_{real} + (1 - u)\, x_{fake}, \; u \sim \mathcal{U}(0, 1)$$

    The loss differentiates a gradient, so the critic's layers need second derivatives, and batch normalisation does
    not suit it: it ties the samples of a batch together.

    Args:
        critic: gives a score for each sample; the same network, with its weights, whose scores the WGAN loss reads.
        strength: the factor lambda.

    Shape:
        x_real, x_fake: (B, *), as many of each.
        loss: a scalar, for the critic's optimizer; nothing else gets a gradient from it.

    Source: Gulrajani et al., arXiv 1704.00028, equation 3.
    """

    def __init__(
        self,
        critic: Annotated[Callable[..., Any], Block("x: B *", "score: B 1")],
        strength: NonNegativeFloat = 10.0,
    ) -> None:
        super().__init__()
        self.critic, self.strength = critic, strength

    def forward(self, x_real: Annotated[Tensor, Dims("B *")], x_fake: Annotated[Tensor, Dims("B *")]) -> Tensor:
        share = torch.rand((x_real.shape[0], *[1] * (x_real.dim() - 1)), dtype=x_real.dtype, device=x_real.device)
        between = x_fake + share * (x_real - x_fake)  # in mixed precision the two differ in type, which lerp refuses
        slope = (squared_slope(self.critic, between) + 1e-12).sqrt()  # finite gradient at 0
        return self.strength * (slope - 1).square().mean()

    def extra_repr(self) -> str:
        return f"strength={self.strength}"
