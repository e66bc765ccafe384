"""Mixed pooling: each channel is pooled by its maximum or by its mean, at random."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.channels import per_channel
from components.pooling._nd import check_window
from components.pooling.average import AVERAGE_POOLS
from components.pooling.max import MAX_POOLS
from components.registry import component
from components.spec import Dims, InChannels, NonNegativeSize, Probability, Size, SpatialDims, example


@component(
    id="pool_mixed",
    kind="layer",
    family="Pooling",
    name="Mixed pooling",
    name_zh="混合池化",
    help_zh="训练时每个通道随机选用最大池化或平均池化，评估时采用训练中更常用的一种；有正则化作用。",
    source="Yu et al., Mixed Pooling for Convolutional Neural Networks, RSKT 2014",
    keywords="random max average regularization 随机 最大 平均 正则化",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), p=0.3, kernel_size=(3, 2), stride=(2, 1), padding=1),
        example(x=(1, 2, 6, 7, 9), p=1.0),
    ),
)
class MixedPooling(nn.Module):
    r"""In training, keeps the maximum of each window or its mean, as a coin decides for each channel.

    $$y_c = \lambda_c \max_t x_c(s p + t) + (1 - \lambda_c)\, \mathrm{mean}_t\, x_c(s p + t), \quad
    \lambda_c \in \{0, 1\}$$

    Args:
        in_channels: channels of the input, each with a coin of its own.
        p: probability that the maximum is kept.
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: borders, in samples, that neither the maximum nor the mean counts; at most half of the window.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size + 2 padding - kernel_size) / stride + 1).

    Raises:
        ValueError: padding of more than half of the window.

    Source: Yu et al., RSKT 2014, with a coin per channel. In evaluation each channel takes what it took more often in
    training (the maximum where both came as often), before any training what p makes more likely.
    """

    max_draws: Tensor
    mean_draws: Tensor

    def __init__(
        self,
        in_channels: InChannels,
        p: Probability = 0.5,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: NonNegativeSize = 0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_mixed", dims, kernel_size=kernel_size, stride=stride, padding=padding)
        self.p = p
        self.max_pool = MAX_POOLS[dims](kernel_size, stride, padding)
        self.mean_pool = AVERAGE_POOLS[dims](kernel_size, stride, padding, count_include_pad=False)
        self.register_buffer("max_draws", torch.zeros(in_channels, dtype=torch.long))
        self.register_buffer("mean_draws", torch.zeros(in_channels, dtype=torch.long))

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        if self.training:
            keep_max = torch.rand(x.shape[1], device=x.device) < self.p
            self.max_draws += keep_max
            self.mean_draws += ~keep_max
        else:
            untrained = self.max_draws + self.mean_draws == 0
            keep_max = torch.where(untrained, self.p >= 0.5, self.max_draws >= self.mean_draws)
        return torch.where(per_channel(keep_max, x), self.max_pool(x), self.mean_pool(x))
