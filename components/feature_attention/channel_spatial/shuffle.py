"""Shuffle attention: half of each group is gated by channel, half by position, then the channels are shuffled."""

import torch
from torch import nn

from components.feature_attention._maps import Image
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, PositiveFloat, example


@component(
    id="attn_shuffle",
    kind="layer",
    family="Channel+spatial attention",
    name="Shuffle attention (SA-Net)",
    name_zh="SA-Net 置换注意力",
    help_zh="每组通道一半做通道注意力、一半做空间注意力，拼接后打乱通道顺序使各组交流；参数极少。",
    source="Zhang & Yang, SA-Net: Shuffle Attention, arXiv 2102.00240",
    keywords="shuffle attention sanet group channel shuffle 通道置换 分组",
    tags=("batch_independent",),
    examples=(example(x=(2, 12, 5, 7), groups=3), example(x=(3, 8, 4, 5), groups=2, eps=1e-3)),
)
class ShuffleAttention(nn.Module):
    r"""Gates one half of each group by channel means, the other by normalised values, and shuffles the channels.

    $$x'_1 = x_1 \odot \sigma(w_1 \bar{x}_1 + b_1), \quad x'_2 = x_2 \odot \sigma(w_2 \, \mathrm{GN}(x_2) + b_2), \quad
    y = \mathrm{shuffle}([x'_1, x'_2])$$

    Args:
        in_channels: channels of the input.
        groups: channel groups, which share their weights; twice as many divide in_channels.
        eps: added to the variance of the normalisation.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: in_channels not divisible by twice the groups.

    Source: Zhang & Yang, arXiv 2102.00240. The normalisation is per channel and has no weights beside w and b; w begins
    at 0 and b at 1, as in the authors' code.
    """

    def __init__(self, in_channels: InChannels, groups: Count = 8, eps: PositiveFloat = 1e-5) -> None:
        rule = (
            f"a number whose double divides in_channels ({in_channels})",
            f"两倍能整除 in_channels（{in_channels}）的数",
        )
        require(in_channels % (2 * groups) == 0, "attn_shuffle", "groups", rule, groups)
        super().__init__()
        half = in_channels // (2 * groups)
        self.channel_weight = nn.Parameter(torch.zeros(half, 1, 1))
        self.channel_bias = nn.Parameter(torch.ones(half, 1, 1))
        self.spatial_weight = nn.Parameter(torch.zeros(half, 1, 1))
        self.spatial_bias = nn.Parameter(torch.ones(half, 1, 1))
        self.groups, self.eps = groups, eps

    def forward(self, x: Image) -> Image:
        first, second = x.unflatten(1, (self.groups, -1)).chunk(2, 2)  # (B, G, C / 2G, H, W)
        means = first.mean((3, 4), keepdim=True)
        variance, mean = torch.var_mean(second, (3, 4), correction=0, keepdim=True)
        normal = (second - mean) / (variance + self.eps).sqrt()
        first = first * torch.sigmoid(self.channel_weight * means + self.channel_bias)
        second = second * torch.sigmoid(self.spatial_weight * normal + self.spatial_bias)
        gated = torch.cat((first, second), 2).flatten(1, 2)
        return gated.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
