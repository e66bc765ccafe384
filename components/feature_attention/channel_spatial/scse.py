"""Concurrent squeeze and excitation: channels and positions are gated apart, and the results added."""

import torch
from torch import nn

from components.feature_attention._maps import Image, reduced, spread, squeeze, two_layers
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_scse",
    kind="layer",
    family="Channel+spatial attention",
    name="Concurrent spatial and channel SE (scSE)",
    name_zh="scSE 空间与通道并行注意力",
    help_zh="分别用通道权重和位置权重缩放输入，再把两个结果相加；常用于分割网络。",
    source="Roy et al., Concurrent Spatial and Channel Squeeze & Excitation, arXiv 1803.02579",
    keywords="scse sse cse squeeze excitation segmentation 分割 空间注意力 通道注意力",
    tags=("batch_independent",),
    examples=(example(x=(2, 14, 5, 7)), example(x=(3, 12, 4, 5), reduction=3)),
)
class ConcurrentSqueezeExcitation(nn.Module):
    r"""Adds the map gated by channel to the map gated by position.

    $$y_{c,p} = x_{c,p} \left( \sigma(W_2 \, \mathrm{ReLU}(W_1 \bar{x} + b_1) + b_2)_c + \sigma(w \cdot x_p + b)
    \right)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer of the channel gate.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Roy et al., arXiv 1803.02579.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 2) -> None:
        super().__init__()
        self.channel = two_layers(in_channels, reduced(in_channels, reduction), in_channels)
        self.spatial = nn.Conv2d(in_channels, 1, 1)

    def forward(self, x: Image) -> Image:
        by_channel = spread(torch.sigmoid(self.channel(squeeze(x))), x)
        return x * by_channel + x * torch.sigmoid(self.spatial(x))
