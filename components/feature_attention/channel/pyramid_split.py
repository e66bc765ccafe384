"""Efficient pyramid split attention: branches of several kernels, weighed against one another channel by channel."""

import torch
from torch import nn

from components.feature_attention._maps import Image, reduced, two_layers
from components.registry import component
from components.rules import require, require_divisor
from components.spec import Count, InChannels, example


@component(
    id="attn_epsa",
    kind="layer",
    family="Channel attention",
    name="Efficient pyramid split attention (EPSA)",
    name_zh="EPSA 金字塔拆分注意力",
    help_zh="多个不同大小的分组卷积各产生一段通道，用共享的 SE 打分并在各尺度间做 softmax 加权后拼接。",
    source="Zhang et al., EPSANet, arXiv 2105.14447",
    keywords="epsa epsanet psa pyramid split multi-scale 多尺度 金字塔",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 7, 9), kernel_sizes=(3, 5), group_counts=(1, 2), reduction=1),
        example(x=(2, 12, 5, 4), kernel_sizes=(1, 3, 5), group_counts=(1, 2, 4), reduction=1),
    ),
)
class PyramidSplitAttention(nn.Module):
    r"""Lays the maps of several kernels side by side, each scaled by weights that sum to one over the kernels.

    $$y = [a_1 \odot F_1, \dots, a_S \odot F_S], \quad a_{s,c} = \mathrm{softmax}_s \, \sigma(\mathrm{MLP}(\bar{F_s}))_c$$

    Args:
        in_channels: channels of the input and of the output; divisible by the number S of kernels.
        kernel_sizes: odd extent of each kernel, in samples.
        group_counts: channel groups of each convolution.
        reduction: channels per unit of the hidden layer of the MLP, which all kernels share.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: lists of unequal length, an even kernel, or channels that the groups do not divide.

    Source: Zhang et al., arXiv 2105.14447; the sigmoid before the softmax as in the authors' code.
    """

    def __init__(
        self,
        in_channels: InChannels,
        kernel_sizes: tuple[Count, ...] = (3, 5, 7, 9),
        group_counts: tuple[Count, ...] = (1, 4, 8, 16),
        reduction: Count = 16,
    ) -> None:
        id, count = "attn_epsa", len(kernel_sizes)
        odd = count > 0 and all(size % 2 for size in kernel_sizes)
        require(odd, id, "kernel_sizes", ("a list of odd numbers", "奇数的列表"), kernel_sizes)
        rule = (
            f"a list whose length divides in_channels ({in_channels})",
            f"长度能整除 in_channels（{in_channels}）的列表",
        )
        require(in_channels % count == 0, id, "kernel_sizes", rule, kernel_sizes)
        rule = (f"a list of {count} numbers, one for each kernel", f"{count} 个数的列表（每个卷积核一个）")
        require(len(group_counts) == count, id, "group_counts", rule, group_counts)
        part = in_channels // count
        for groups in group_counts:
            require_divisor(id, "group_counts", groups, in_channels=in_channels, channels_of_a_kernel=part)
        super().__init__()
        self.kernels = nn.ModuleList(
            nn.Conv2d(in_channels, part, size, padding=size // 2, groups=groups, bias=False)
            for size, groups in zip(kernel_sizes, group_counts, strict=True)
        )
        self.score = two_layers(part, reduced(part, reduction), part)

    def forward(self, x: Image) -> Image:
        maps = torch.stack([kernel(x) for kernel in self.kernels], 1)  # (B, S, C / S, H, W)
        weights = torch.sigmoid(self.score(maps.mean((3, 4)))).softmax(1)
        return (weights[..., None, None] * maps).flatten(1, 2)
