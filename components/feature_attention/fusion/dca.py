"""Deep connected attention: a squeeze-and-excitation that also hears what the one before it found."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.errors import InputError
from components.feature_attention._maps import Maps, reduced, spread, squeeze, two_layers
from components.registry import component
from components.spec import Count, Dims, InChannels, Ports, example


@component(
    id="attn_dca",
    kind="layer",
    family="Other CNN attention",
    name="Deep connected attention (DCANet)",
    name_zh="DCANet 深度连接注意力",
    help_zh="把前一个注意力模块的结果与本层的通道均值相加后再计算通道权重，让各注意力模块前后相连。",
    source="Ma et al., DCANet: Learning Connected Attentions, arXiv 2007.05099",
    keywords="dcanet connected attention chain se 连接 注意力",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 5, 7), prev=(3, 8), reduction=1),
        example(x=(4, 6, 9), prev=(4, 6), reduction=1),
    ),
)
class ConnectedAttention(nn.Module):
    r"""Scales each channel by a gate from the channels' means and from the previous module's attention.

    $$a = W_2 \, \mathrm{ReLU}(W_1 (\alpha \bar{x} + \beta \, a_{\mathrm{prev}}) + b_1) + b_2, \quad
    y = x \odot \sigma(a)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        prev: (B, C), the output attn of the module before; a linear layer may bring it to C features.
        y: as x; attn: (B, C), before the sigmoid.

    Raises:
        ValueError: prev has another number of features than x has channels.

    Source: Ma et al., arXiv 2007.05099, around squeeze-and-excitation, with the direct (summed) connection; alpha and
    beta are learned and begin at 1.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16) -> None:
        super().__init__()
        self.gate = two_layers(in_channels, reduced(in_channels, reduction), in_channels)
        self.alpha = nn.Parameter(torch.ones(()))
        self.beta = nn.Parameter(torch.ones(()))

    def forward(
        self, x: Maps, prev: Annotated[Tensor, Dims("B C")] | None = None
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y="B C L | B C H W | B C D H W", attn="B C")]:
        found = self.alpha * squeeze(x)
        if prev is not None:
            if prev.shape[1] != x.shape[1]:
                raise InputError(
                    f"prev must have as many features as x has channels ({x.shape[1]}). Got {prev.shape[1]} instead.",
                    f"prev 的特征数必须等于 x 的通道数（{x.shape[1]}），收到：{prev.shape[1]}。",
                )
            found = found + self.beta * prev
        attention = self.gate(found)
        return x * spread(torch.sigmoid(attention), x), attention
