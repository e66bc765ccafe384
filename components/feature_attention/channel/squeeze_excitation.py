"""Squeeze-and-excitation: a gate per channel from the means of all channels."""

import torch
from torch import nn

from components.feature_attention._maps import Maps, reduced, spread, squeeze, two_layers
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_se",
    kind="layer",
    family="Channel attention",
    name="Squeeze-and-Excitation (SENet)",
    name_zh="SENet 通道注意力",
    help_zh="由各通道的全局均值经两层全连接得到每个通道的权重，突出有用的通道。",
    source="Hu et al., Squeeze-and-Excitation Networks, arXiv 1709.01507",
    keywords="se senet squeeze excitation channel gate 通道注意力 挤压激励",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 9), reduction=2),
        example(x=(3, 8, 5, 7), reduction=1),
        example(x=(3, 6, 2, 4, 5), reduction=1),
    ),
)
class SqueezeExcitation(nn.Module):
    r"""Scales each channel by a gate that two layers compute from the means of all channels.

    $$y_c = x_c \, \sigma(W_2 \, \mathrm{ReLU}(W_1 \bar{x} + b_1) + b_2)_c$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer, which has at least one.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Hu et al., arXiv 1709.01507.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16) -> None:
        super().__init__()
        self.gate = two_layers(in_channels, reduced(in_channels, reduction), in_channels)

    def forward(self, x: Maps) -> Maps:
        return x * spread(torch.sigmoid(self.gate(squeeze(x))), x)
