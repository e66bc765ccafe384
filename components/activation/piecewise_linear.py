"""The piecewise linear unit: a learned polyline over a learned range."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Count, Dims, InChannels, PositiveFloat, example


@component(
    id="act_pwlu",
    kind="layer",
    family="Activation",
    name="Piecewise linear unit (PWLU)",
    name_zh="PWLU 分段线性单元",
    help_zh="每个通道学习一条折线：各节点的高度、两端的边界与斜率都由梯度更新；初始为 ReLU。",
    source="Zhou et al., Learning specialized activation functions with the Piecewise Linear Unit, arXiv 2104.03693",
    keywords="learnable polyline knots 可学习 折线 节点",
    tags=("batch_independent",),
    examples=(
        example(x=(6, 5), bound=0.5),
        example(x=(2, 3, 4, 5), segments=5, bound=1.0),
    ),
)
class PiecewiseLinearUnit(nn.Module):
    r"""Interpolates between learned heights at equal distances, and goes on in a line on either side.

    $$y = \begin{cases} Y_0 + K_L (x - B_L) & x < B_L \\
    Y_i + (Y_{i+1} - Y_i)\, \frac{x - B_i}{d} & B_i \le x < B_{i+1} \\
    Y_N + K_R (x - B_R) & x \ge B_R \end{cases}, \quad d = \frac{B_R - B_L}{N}, \quad B_i = B_L + i d$$

    Args:
        in_channels: channels of the input, each with a function of its own.
        segments: number N of segments between the two ends.
        bound: the ends are at minus and plus this value at first.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: (B, C, *), the same.

    Source: Zhou et al., arXiv 2104.03693, starting as ReLU. Their realignment of the ends to the statistics of the
    first epochs is left out: the ends are learned from the given bound on.
    """

    def __init__(self, in_channels: InChannels, segments: Count = 16, bound: PositiveFloat = 3.0) -> None:
        super().__init__()
        self.segments = segments
        ends = torch.tensor([-bound, bound])
        self.ends = nn.Parameter(ends[:, None].repeat(1, in_channels))  # B_L, B_R
        self.outer_slopes = nn.Parameter(torch.tensor([0.0, 1.0])[:, None].repeat(1, in_channels))  # K_L, K_R
        knots = torch.linspace(-bound, bound, segments + 1)
        self.heights = nn.Parameter(torch.relu(knots).repeat(in_channels, 1))

    def forward(self, x: Annotated[Tensor, Dims("B C *")]) -> Annotated[Tensor, Dims("B C *")]:
        low, high = per_channel(self.ends, x)
        low_slope, high_slope = per_channel(self.outer_slopes, x)
        place = (x - low) / (high - low) * self.segments  # in segments from the low end
        # What is not a number has no place, but it has to stay what it is.
        index = place.detach().nan_to_num().floor().clamp(0, self.segments - 1).long()
        channel = per_channel(torch.arange(x.shape[1], device=x.device), x)
        left, right = self.heights[channel, index], self.heights[channel, index + 1]
        y = left + (right - left) * (place - index)
        y = torch.where(x < low, per_channel(self.heights[:, 0], x) + low_slope * (x - low), y)
        return torch.where(x >= high, per_channel(self.heights[:, -1], x) + high_slope * (x - high), y)
