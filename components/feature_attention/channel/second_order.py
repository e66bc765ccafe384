"""Global second-order pooling: a gate per channel from the covariances of the channels."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Maps, spread, to_tokens
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_gsop",
    kind="layer",
    family="Channel attention",
    name="Global second-order pooling (GSoP)",
    name_zh="GSoP 全局二阶池化",
    help_zh="用通道间的协方差（二阶统计量）而不是均值来计算每个通道的权重。",
    source="Gao et al., Global Second-order Pooling Convolutional Networks, arXiv 1811.12006",
    keywords="gsop second-order covariance pooling 协方差 二阶池化",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 5, 7), channels=4),
        example(x=(2, 4, 9), channels=3),
        example(x=(2, 5, 3, 4, 6), channels=7),
    ),
)
class SecondOrderPooling(nn.Module):
    r"""Scales each channel by a gate computed from the covariance matrix of the channels.

    $$y = x \odot \sigma(W_2 \, \mathrm{LeakyReLU}(W_1 \ast \Sigma)), \quad \Sigma = \mathrm{Cov}(W_0 x)$$

    Args:
        in_channels: channels of the input.
        channels: channels of the map whose covariances are taken; each row of the matrix gives four features.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Gao et al., arXiv 1811.12006, without normalisation; the covariance is over positions, divided by their
    number.
    """

    def __init__(self, in_channels: InChannels, channels: Count = 128) -> None:
        super().__init__()
        self.reduce = nn.Linear(in_channels, channels, bias=False)  # the covariance would lose an offset
        self.rows = nn.Conv1d(channels, 4 * channels, channels, groups=channels)
        self.excite = nn.Linear(4 * channels, in_channels)

    def covariance(self, x: Tensor) -> Tensor:
        """The covariances of the reduced channels over the positions: (B, channels, channels)."""
        tokens = self.reduce(to_tokens(x))
        centred = tokens - tokens.mean(1, keepdim=True)
        return centred.mT @ centred / tokens.shape[1]

    def forward(self, x: Maps) -> Maps:
        features = F.leaky_relu(self.rows(self.covariance(x))[..., 0])
        return x * spread(torch.sigmoid(self.excite(features)), x)
