"""The convolutional block attention module: a gate per channel, then a gate per position."""

import torch
from torch import nn

from components.feature_attention._maps import Image, reduced, spread, squeeze, two_layers
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, example


@component(
    id="attn_cbam",
    kind="layer",
    family="Channel+spatial attention",
    name="Convolutional block attention module (CBAM)",
    name_zh="CBAM 卷积块注意力",
    help_zh="先由平均池化和最大池化得到通道权重，再由通道维的均值与最大值经卷积得到位置权重。",
    source="Woo et al., CBAM, arXiv 1807.06521",
    keywords="cbam convolutional block attention channel spatial 通道注意力 空间注意力",
    examples=(example(x=(2, 8, 9, 7), reduction=2), example(x=(3, 12, 5, 4), reduction=3, kernel_size=3)),
)
class CBAM(nn.Module):
    r"""Gates the channels by their mean and greatest value, then the positions by those over the channels.

    $$x' = x \odot \sigma(\mathrm{MLP}(\mathrm{avg}\, x) + \mathrm{MLP}(\max x)), \quad
    y = x' \odot \sigma(\mathrm{BN}(f \star [\mathrm{avg}_c x', \max\nolimits_c x']))$$

    Args:
        in_channels: channels of the input.
        reduction: channels per unit of the hidden layer of the MLP, which has no offsets.
        kernel_size: odd extent of the filter f, in samples.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: an even kernel_size.

    Source: Woo et al., arXiv 1807.06521, with the normalisation of the authors' code behind f.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16, kernel_size: Count = 7) -> None:
        require(kernel_size % 2 == 1, "attn_cbam", "kernel_size", ("odd", "奇数"), kernel_size)
        super().__init__()
        self.channel = two_layers(in_channels, reduced(in_channels, reduction), in_channels, bias=False)
        self.spatial = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(1)

    def forward(self, x: Image) -> Image:
        x = x * spread(torch.sigmoid(self.channel(squeeze(x)) + self.channel(x.amax((2, 3)))), x)
        pooled = torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)
        return x * torch.sigmoid(self.norm(self.spatial(pooled)))
