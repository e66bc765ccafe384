"""The smooth maximum unit: Leaky ReLU whose maximum is smoothed by the error function."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, example


@component(
    id="act_smu",
    kind="layer",
    family="Activation",
    name="Smooth maximum unit (SMU)",
    name_zh="SMU 平滑最大值单元",
    help_zh="用误差函数平滑 Leaky ReLU 中的最大值，平滑程度可学习；特例是 GELU。",
    source="Biswas et al., SMU: smooth activation function using smooth maximum technique, arXiv 2111.04682",
    keywords="smooth maximum leaky relu gelu erf 平滑最大值",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), alpha=0.0, mu=0.7)),
)
class SmoothMaximumUnit(nn.Module):
    r"""A smooth maximum of x and a small part of it, with a learned sharpness.

    $$y = \frac{(1 + \alpha)\, x + (1 - \alpha)\, x\, \mathrm{erf}\big( \mu (1 - \alpha)\, x \big)}{2}$$

    Args:
        alpha: slope on the negative side.
        mu: first value of the sharpness, which is learned: a large one approaches Leaky ReLU.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Biswas et al., arXiv 2111.04682; with alpha 0 and mu of 1 over the root of 2 it is GELU.
    """

    def __init__(self, alpha: NonNegativeFloat = 0.25, mu: PositiveFloat = 2.5) -> None:
        super().__init__()
        self.alpha = alpha
        self.mu = nn.Parameter(torch.tensor(mu))

    def forward(self, x: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Dims("*")]:
        gap = (1 - self.alpha) * x
        return ((1 + self.alpha) * x + gap * torch.erf(self.mu * gap)) / 2
