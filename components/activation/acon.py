"""ACON: a smooth maximum of two lines that learns whether to be active at all."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.registry import component
from components.spec import Count, Dims, InChannels, example


@component(
    id="act_acon",
    kind="layer",
    family="Activation",
    name="ACON-C / Meta-ACON",
    name_zh="ACON 激活或不激活",
    help_zh="两条直线的平滑最大值，可学习地在“激活”与“不激活”（线性）之间切换；Meta 形式由输入决定。",
    source="Ma et al., Activate or Not: Learning Customized Activation, arXiv 2009.04759",
    keywords="acon meta-acon swish smooth maximum 平滑最大值 可学习",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 4, 5)), example(x=(2, 6, 4, 5), meta=True, reduction=2)),
)
class ActivateOrNot(nn.Module):
    r"""A smooth maximum of two learned lines for each channel, whose sharpness decides how nonlinear it is.

    $$y_c = (p_1 - p_2)\, x_c\, \sigma\big( \beta (p_1 - p_2)\, x_c \big) + p_2\, x_c, \quad
    \beta = \sigma(W_1 W_2\, \mathrm{mean}_{h,w}\, x) \text{ for Meta-ACON}$$

    Args:
        in_channels: channels of the input, each with a function of its own.
        meta: reads beta off each sample by a small network; otherwise it is learned, from 1 on.
        reduction: channels of the input over those inside the small network.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Ma et al., arXiv 2009.04759, equations 3 and 4, with offsets and without the batch normalization that the
    authors' code puts into the small network: it needs more than one sample. The slopes start at random around 0.
    """

    def __init__(self, in_channels: InChannels, meta: bool = False, reduction: Count = 16) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.randn(2, in_channels))
        self.meta = meta
        if meta:
            middle = max(1, in_channels // reduction)
            self.network = nn.Sequential(nn.Linear(in_channels, middle), nn.Linear(middle, in_channels), nn.Sigmoid())
        else:
            self.beta = nn.Parameter(torch.ones(in_channels))

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        beta = self.network(x.mean((2, 3))) if self.meta else self.beta
        first, second = per_channel(self.slopes, x)
        gap = (first - second) * x
        return gap * torch.sigmoid(per_channel(beta, x) * gap) + second * x
