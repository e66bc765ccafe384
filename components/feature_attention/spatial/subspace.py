"""Ultra-lightweight subspace attention: one softmax map over the positions for each group of channels."""

import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Image
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, InChannels, example


@component(
    id="attn_ulsam",
    kind="layer",
    family="Spatial attention",
    name="Ultra-lightweight subspace attention (ULSAM)",
    name_zh="ULSAM 超轻量子空间注意力",
    help_zh="把通道分成若干子空间，各用一张 softmax 注意力图加权后加回自身，参数极少，适合轻量网络。",
    source="Saini et al., ULSAM, arXiv 2006.15102",
    keywords="ulsam subspace lightweight mobile depthwise 子空间 轻量",
    tags=("batch_independent",),
    examples=(example(x=(2, 6, 5, 7), groups=3), example(x=(3, 8, 4, 5), groups=2)),
)
class SubspaceAttention(nn.Module):
    r"""Adds to each group of channels the same group scaled by a map that sums to one over the positions.

    $$y_g = x_g + A_g \odot x_g, \quad A_g = \mathrm{softmax}(\mathrm{PW}(\mathrm{maxpool}_{3 \times 3}(\mathrm{DW}(x_g))))$$

    Args:
        in_channels: channels of the input.
        groups: channel groups; divides in_channels.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: in_channels not divisible by groups.

    Source: Saini et al., arXiv 2006.15102; without offsets, which the softmax would cancel.
    """

    def __init__(self, in_channels: InChannels, groups: Count = 4) -> None:
        require_divisor("attn_ulsam", "groups", groups, in_channels=in_channels)
        super().__init__()
        self.depthwise = nn.Conv2d(in_channels, in_channels, 1, groups=in_channels, bias=False)
        self.pointwise = nn.Conv2d(in_channels, groups, 1, groups=groups, bias=False)
        self.groups = groups

    def attention(self, x: Tensor) -> Tensor:
        """A map for each group: (B, groups, H, W), summing to one over the positions."""
        pooled = F.max_pool2d(self.depthwise(x), 3, stride=1, padding=1)
        return self.pointwise(pooled).flatten(2).softmax(-1).unflatten(2, x.shape[2:])

    def forward(self, x: Image) -> Image:
        return x + x * self.attention(x).repeat_interleave(x.shape[1] // self.groups, 1)
