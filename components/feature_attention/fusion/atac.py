"""The attentional activation: a nonlinearity whose gate sees all channels of its position."""

import torch
from torch import nn

from components.feature_attention._maps import Image, reduced, two_normalised_convolutions
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_atac",
    kind="layer",
    family="Other CNN attention",
    name="Attentional activation (ATAC)",
    name_zh="ATAC 注意力激活",
    help_zh="既是激活函数又是注意力：每个位置由两层 1×1 卷积得到逐通道的门控，用来代替 ReLU。",
    source="Dai et al., Attention as Activation, arXiv 2007.07729",
    keywords="atac activation local channel attention relu 激活 局部通道注意力",
    examples=(example(x=(2, 8, 5, 7)), example(x=(3, 6, 4, 5), reduction=2)),
)
class AttentionalActivation(nn.Module):
    r"""Scales each value by a gate that two layers compute from the channels at its position.

    $$y_p = x_p \odot \sigma(\mathrm{BN}(W_2 \, \mathrm{ReLU}(\mathrm{BN}(W_1 x_p))))$$

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the hidden layer.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Dai et al., arXiv 2007.07729.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 4) -> None:
        super().__init__()
        self.gate = two_normalised_convolutions(in_channels, reduced(in_channels, reduction))

    def forward(self, x: Image) -> Image:
        return x * torch.sigmoid(self.gate(x))
