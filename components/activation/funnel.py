"""The rectifier that compares each value with its neighbourhood."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, InChannels, example


@component(
    id="act_frelu",
    kind="layer",
    family="Activation",
    name="Funnel activation (FReLU)",
    name_zh="FReLU 漏斗激活",
    help_zh="把 ReLU 的零阈值换成逐通道卷积得到的邻域条件，让激活具有空间感知。",
    source="Ma et al., Funnel Activation for Visual Recognition, arXiv 2007.11824",
    keywords="frelu spatial depthwise rectifier 空间 邻域",
    examples=(example(x=(2, 3, 5, 7)), example(x=(2, 3, 6, 7), kernel_size=5)),
)
class FunnelActivation(nn.Module):
    r"""Keeps the larger of each value and a learned condition on its neighbourhood.

    $$y_c = \max\big( x_c, \mathrm{BatchNorm}(w_c \star x_c) \big)$$

    Args:
        in_channels: channels of the input, each with a window of its own.
        kernel_size: extent of the window along each axis, in samples.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Ma et al., arXiv 2007.11824, with the batch normalization behind the window as the authors train it.
    """

    def __init__(self, in_channels: InChannels, kernel_size: Count = 3) -> None:
        super().__init__()
        self.window = nn.Conv2d(in_channels, in_channels, kernel_size, padding="same", groups=in_channels, bias=False)
        self.norm = nn.BatchNorm2d(in_channels)

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        return torch.maximum(x, self.norm(self.window(x)))
