"""Spatial pyramid attention: a gate per channel from means over grids of several sizes."""

import torch
import torch.nn.functional as F
from torch import nn

from components.feature_attention._maps import Image, reduced, spread, two_layers
from components.registry import component
from components.spec import Count, InChannels, example

GRIDS = (1, 2, 4)


@component(
    id="attn_spa",
    kind="layer",
    family="Channel attention",
    name="Spatial pyramid attention (SPANet)",
    name_zh="SPANet 空间金字塔注意力",
    help_zh="在 1×1、2×2、4×4 三种网格上求均值，拼接后经两层全连接得到通道权重，保留空间结构。",
    source="Guo et al., Spatial Pyramid Attention Network for Enhanced Image Recognition, ICME 2020",
    keywords="spanet spa pyramid pooling channel 空间金字塔",
    tags=("batch_independent",),
    examples=(example(x=(3, 4, 5, 7), reduction=1), example(x=(2, 6, 9, 8), reduction=1)),
)
class SpatialPyramidAttention(nn.Module):
    r"""Scales each channel by a gate from the means of all channels over grids of 1x1, 2x2 and 4x4 cells.

    $$y = x \odot \sigma(W_2 \, \mathrm{ReLU}(W_1 [P_1(x), P_2(x), P_4(x)] + b_1) + b_2)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Guo et al., ICME 2020.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16) -> None:
        super().__init__()
        cells = sum(grid * grid for grid in GRIDS)
        self.gate = two_layers(cells * in_channels, reduced(in_channels, reduction), in_channels)

    def forward(self, x: Image) -> Image:
        pyramid = torch.cat([F.adaptive_avg_pool2d(x, grid).flatten(1) for grid in GRIDS], 1)
        return x * spread(torch.sigmoid(self.gate(pyramid)), x)
