"""The bottleneck attention module: one gate from a channel branch and a dilated spatial branch."""

import torch
from torch import nn

from components.feature_attention._maps import Image, reduced, spread, squeeze, two_layers
from components.registry import component
from components.spec import Count, InChannels, example


@component(
    id="attn_bam",
    kind="layer",
    family="Channel+spatial attention",
    name="Bottleneck attention module (BAM)",
    name_zh="BAM 瓶颈注意力",
    help_zh="通道分支与扩张卷积的空间分支相加后取 sigmoid，作为残差式的注意力：y = x + x · M。",
    source="Park et al., BAM: Bottleneck Attention Module, arXiv 1807.06514",
    keywords="bam bottleneck attention dilated 瓶颈注意力 扩张卷积",
    examples=(example(x=(5, 8, 9, 11), reduction=1), example(x=(3, 12, 7, 5), reduction=4, dilation=2)),
)
class BottleneckAttention(nn.Module):
    r"""Raises each value by a gate to which its channel and its position contribute.

    $$y = x \odot (1 + \sigma(M_c + M_s)), \quad M_c = \mathrm{BN}(\mathrm{MLP}(\bar{x})), \quad
    M_s = \mathrm{BN}(f_3 \star f_2 \star f_1 \star f_0 \star x)$$

    Args:
        in_channels: channels of the input.
        reduction: channels per channel of the two branches' middle.
        dilation: distance of the taps of the two 3x3 convolutions f1 and f2, in samples.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: in training, a batch of one sample.

    Source: Park et al., arXiv 1807.06514, with a ReLU behind f0, f1 and f2 as in the authors' code.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 16, dilation: Count = 4) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.channel = two_layers(in_channels, hidden, in_channels)
        self.channel_norm = nn.BatchNorm1d(in_channels)
        self.spatial = nn.Sequential(
            nn.Conv2d(in_channels, hidden, 1), nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation), nn.ReLU(),
            nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation), nn.ReLU(),
            nn.Conv2d(hidden, 1, 1, bias=False), nn.BatchNorm2d(1),
        )  # fmt: skip

    def forward(self, x: Image) -> Image:
        channel = self.channel_norm(self.channel(squeeze(x)))
        return x * (1 + torch.sigmoid(spread(channel, x) + self.spatial(x)))
