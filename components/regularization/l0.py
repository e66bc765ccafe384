"""L0 regularization: learned gates close what a network can do without."""

import math
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Dims, InChannels, NonNegativeFloat, Ports, PositiveFloat, example

LOW, HIGH = -0.1, 1.1  # to where the gates are stretched before they are cut to [0, 1]


@component(
    id="reg_l0",
    kind="layer",
    family="Regularization",
    name="L0 gates (hard concrete)",
    name_zh="L0 门控（hard concrete）",
    help_zh="为每个通道学习一个可关闭的随机门，并给出期望的开启数作为惩罚；训练后关闭的通道可以剪掉。",
    source="Louizos et al., Learning Sparse Neural Networks through L0 Regularization, arXiv 1712.01312",
    keywords="l0 sparsity pruning hard concrete gate 稀疏 剪枝 门",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(5, 3)),
        example(x=(2, 3, 5, 7), strength=0.1, open_share=0.9),
        example(x=(2, 3, 7), temperature=0.5),
    ),
)
class L0Gates(nn.Module):
    r"""Multiplies each channel by a random gate, and counts how many gates are open on average.

    $$y = z \odot x, \quad z = \mathrm{clip}_{[0,1]}\!\left(1.2\, s - 0.1\right), \quad
    s = \mathrm{sigmoid}\!\left(\frac{\mathrm{logit}(u) + \log \alpha}{\tau}\right), \; u \sim \mathcal{U}(0, 1)$$

    $$\ell = \lambda \sum_c P(z_c > 0) = \lambda \sum_c \mathrm{sigmoid}\!\left(\log \alpha_c - \tau \log
    \tfrac{0.1}{1.1}\right)$$

    Evaluation uses the gates at $s = \mathrm{sigmoid}(\log \alpha)$.

    Args:
        in_channels: channels of the input.
        strength: the factor lambda, the price of an open gate.
        temperature: tau; the smaller, the more often a gate is fully open or closed.
        open_share: sigmoid(log alpha) at the start, about the share of open gates.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: the same.
        loss: a scalar, to be added to the loss.

    Source: Louizos et al., arXiv 1712.01312, equations 10 to 13, with a gate for each channel (its group sparsity).
    """

    def __init__(
        self,
        in_channels: InChannels,
        strength: NonNegativeFloat = 1e-3,
        temperature: PositiveFloat = 2 / 3,
        open_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.5,
    ) -> None:
        super().__init__()
        self.strength, self.temperature = strength, temperature
        self.log_alpha = nn.Parameter(math.log(open_share / (1 - open_share)) + 0.01 * torch.randn(in_channels))

    def forward(
        self, x: Annotated[Tensor, Dims("B C *")]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B C *", loss="()")]:
        logits = self.log_alpha
        if self.training:
            draw = torch.rand(x.shape[:2], device=x.device, dtype=x.dtype).clamp(1e-6, 1 - 1e-6)
            logits = (draw.logit() + logits) / self.temperature
        gates = (logits.sigmoid() * (HIGH - LOW) + LOW).clamp(0, 1)
        still_open = (self.log_alpha - self.temperature * math.log(-LOW / HIGH)).sigmoid()
        return x * per_channel(gates, x), self.strength * still_open.sum()

    def extra_repr(self) -> str:
        return f"{len(self.log_alpha)}, strength={self.strength}, temperature={self.temperature:.3g}"
