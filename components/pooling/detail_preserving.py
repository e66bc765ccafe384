"""Detail-preserving pooling: what stands out from its window counts more, by learned amounts."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.pooling._nd import check_window
from components.registry import component
from components.spec import Dims, InChannels, Size, SpatialDims, example
from components.windows import windows

SMALL = 1e-3  # keeps the power of a difference of zero differentiable


@component(
    id="pool_detail_preserving",
    kind="layer",
    family="Pooling",
    name="Detail-preserving pooling (DPP)",
    name_zh="细节保留池化",
    help_zh="偏离窗口均值的样本权重更大，权重形状逐通道可学习；介于平均池化与只保留细节之间。",
    source="Saeedan et al., Detail-Preserving Pooling in Deep Networks, arXiv 1804.04076",
    keywords="dpp detail adaptive downsample inverse bilateral 细节 自适应 下采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1), symmetric=True),
        example(x=(1, 2, 6, 7, 9)),
    ),
)
class DetailPreservingPooling(nn.Module):
    r"""Averages each window with weights that grow with the distance of a sample from the window's mean.

    $$y = \frac{\sum_t w_t\, x_t}{\sum_t w_t}, \quad
    w_t = \alpha + \big( d_t^2 + \epsilon^2 \big)^{\lambda / 2}, \quad d_t = \max(0, x_t - \bar x)$$

    Args:
        in_channels: channels of the input, each with an alpha and a lambda of its own.
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        symmetric: also prefers samples below the mean: d is then the distance itself.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size - kernel_size) / stride + 1).

    Source: Saeedan et al., arXiv 1804.04076, the form without a learned filter (Lite-DPP). Alpha and lambda are
    exponentials of what is learned and start at 1.
    """

    def __init__(
        self,
        in_channels: InChannels,
        kernel_size: Size = 2,
        stride: Size | None = None,
        symmetric: bool = False,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_detail_preserving", dims, kernel_size=kernel_size, stride=stride)
        self.kernel_size, self.stride, self.symmetric = kernel_size, stride, symmetric
        self.log_alpha = nn.Parameter(torch.zeros(in_channels, *[1] * dims))
        self.log_lambda = nn.Parameter(torch.zeros(in_channels, *[1] * dims))

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        values = windows(x, self.kernel_size, self.stride)  # (samples, B, C, *positions)
        detail = values - values.mean(0)
        if not self.symmetric:
            detail = torch.relu(detail)
        reward = (detail.square() + SMALL**2).pow(self.log_lambda.exp() / 2)
        weights = self.log_alpha.exp() + reward
        return (weights * values).sum(0) / weights.sum(0)
