"""Sampling from a normal distribution so that gradients reach its mean and variance."""

from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, Ports, example


@component(
    id="vae_reparam",
    kind="sampler",
    family="VAE",
    name="Reparameterised Gaussian sampling",
    name_zh="重参数化采样",
    help_zh="按给定的均值和对数方差抽取正态样本，梯度可以传回两者；可设为只在训练时随机。",
    source="Kingma & Welling, Auto-Encoding Variational Bayes, arXiv 1312.6114",
    keywords="vae reparameterization trick latent rsample 变分 隐变量 重参数",
    tags=("stochastic", "random_in_evaluation"),
    examples=(example(mu=(5, 3), logvar=(5, 3)), example(mu=(2, 3, 5), logvar=(2, 3, 5), when="train")),
)
class Reparameterize(nn.Module):
    r"""Draws z from the normal distribution of the given mean and log-variance.

    $$z = \mu + e^{\frac12 \log \sigma^2}\, \epsilon, \quad \epsilon \sim \mathcal{N}(0, I)$$

    Args:
        when: draw always, or in training only: in evaluation z is then the mean.

    Shape:
        mu, logvar: (B, *), of one shape.
        z: the same.

    Source: Kingma & Welling, arXiv 1312.6114, section 2.4; draws from torch's global generator.
    """

    def __init__(self, when: Literal["always", "train"] = "always") -> None:
        super().__init__()
        self.when = when

    def forward(
        self, mu: Annotated[Tensor, Dims("B *")], logvar: Annotated[Tensor, Dims("B *")]
    ) -> Annotated[Tensor, Ports(z="B *")]:
        if not self.training and self.when == "train":
            return mu
        return mu + (logvar / 2).exp() * torch.randn_like(mu)

    def extra_repr(self) -> str:
        return f"when={self.when!r}"
