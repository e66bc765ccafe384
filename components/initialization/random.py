"""Small random weights."""

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import PositiveFloat


@component(
    id="init_random",
    kind="init",
    family="Initialization",
    name="Random (truncated normal)",
    name_zh="随机初始化（截断正态）",
    help_zh="从截断的正态分布中抽取小的随机权重，打破各单元之间的对称。",
    source="Devlin et al., BERT, arXiv 1810.04805",
    inputs={},
    outputs={},
    keywords="normal gaussian truncated trunc_normal 正态 高斯",
)
class Random:
    r"""Draws each weight from a normal distribution around zero, without its tails.

    $$w \sim \mathcal{N}(0, \sigma^2) \text{ given } |w| \le c\,\sigma$$

    Args:
        std: standard deviation sigma of the distribution before its tails are cut.
        cutoff: largest distance c from zero, in standard deviations.

    Source: classical; the values of Devlin et al., arXiv 1810.04805; torch.nn.init.trunc_normal_.
    """

    def __init__(self, std: PositiveFloat = 0.02, cutoff: PositiveFloat = 2.0) -> None:
        self.std, self.cutoff = std, cutoff

    def __call__(self, weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Fills ``weight`` of any shape and returns it."""
        limit = self.cutoff * self.std
        return nn.init.trunc_normal_(weight, std=self.std, a=-limit, b=limit, generator=generator)
