"""Spatial group-wise enhance: each group of channels stresses the positions that are like its mean."""

import torch
from torch import nn

from components.feature_attention._maps import Maps
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, InChannels, PositiveFloat, example


@component(
    id="attn_sge",
    kind="layer",
    family="Spatial attention",
    name="Spatial group-wise enhance (SGE)",
    name_zh="SGE 空间分组增强",
    help_zh="按组计算每个位置与该组全局均值的相似度，归一化后作为位置权重；每组只有两个参数。",
    source="Li et al., Spatial Group-wise Enhance, arXiv 1905.09646",
    keywords="sge spatial group enhance similarity 分组 空间增强",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 6, 5, 7), groups=3),
        example(x=(2, 8, 9), groups=2, eps=1e-3),
        example(x=(3, 4, 2, 5, 6), groups=1),
    ),
)
class SpatialGroupEnhance(nn.Module):
    r"""Gates the positions of each group of channels by their likeness to the group's mean vector.

    $$y_i = x_i \, \sigma(w \, \hat{c}_i + b), \quad c_i = \bar{x} \cdot x_i, \quad
    \hat{c} = \frac{c - \mu_c}{\sqrt{\sigma_c^2 + \epsilon}}$$

    Args:
        in_channels: channels of the input.
        groups: channel groups, each with its own w and b; divides in_channels.
        eps: added to the variance of the likenesses.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Raises:
        ValueError: in_channels not divisible by groups.

    Source: Li et al., arXiv 1905.09646, with eps under the root, where the gradient of equal likenesses stays finite; w
    begins at 0 and b at 1 as in the authors' code.
    """

    def __init__(self, in_channels: InChannels, groups: Count = 8, eps: PositiveFloat = 1e-5) -> None:
        require_divisor("attn_sge", "groups", groups, in_channels=in_channels)
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(groups, 1))
        self.bias = nn.Parameter(torch.ones(groups, 1))
        self.groups, self.eps = groups, eps

    def forward(self, x: Maps) -> Maps:
        grouped = x.flatten(2).unflatten(1, (self.groups, -1))  # (B, G, C / G, N)
        likeness = (grouped * grouped.mean(-1, keepdim=True)).sum(2)  # (B, G, N)
        variance, mean = torch.var_mean(likeness, -1, correction=0, keepdim=True)
        gate = torch.sigmoid(self.weight * (likeness - mean) / (variance + self.eps).sqrt() + self.bias)
        return (grouped * gate[:, :, None]).reshape(x.shape)
