"""Adaptive piecewise linear units: a rectifier plus learned hinges."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Count, Dims, InChannels, example


@component(
    id="act_apl",
    kind="layer",
    family="Activation",
    name="Adaptive piecewise linear (APL)",
    name_zh="APL 自适应分段线性",
    help_zh="在 ReLU 上叠加若干可学习的折线，每个通道学到自己的形状。",
    source="Agostinelli et al., Learning Activation Functions, arXiv 1412.6830",
    keywords="learnable hinge piecewise linear 可学习 分段线性 折线",
    tags=("batch_independent",),
    examples=(example(x=(4, 5)), example(x=(2, 3, 4, 5), hinges=4)),
)
class AdaptivePiecewiseLinear(nn.Module):
    r"""Adds learned hinges to a rectifier, for each channel its own.

    $$y_c = \max(0, x_c) + \sum_{s=1}^{S} a_c^s \max(0, b_c^s - x_c)$$

    Args:
        in_channels: channels of the input, each with a function of its own.
        hinges: number S of hinges for each channel.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: (B, C, *), the same.

    Source: Agostinelli et al., arXiv 1412.6830, with a function per channel instead of one per unit. At first the
    hinges are random: slopes of standard deviation 0.1, places of 1.
    """

    def __init__(self, in_channels: InChannels, hinges: Count = 2) -> None:
        super().__init__()
        self.slope = nn.Parameter(0.1 * torch.randn(hinges, in_channels))
        self.place = nn.Parameter(torch.randn(hinges, in_channels))

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        y = torch.relu(x)
        for slope, place in zip(self.slope, self.place, strict=True):
            y = y + per_channel(slope, x) * torch.relu(per_channel(place, x) - x)
        return y
