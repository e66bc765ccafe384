"""Selective kernels: each channel chooses among branches of different receptive fields."""

import torch
import torch.nn.functional as F
from torch import nn

from components.feature_attention._maps import Image, reduced, squeeze
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, InChannels, example


@component(
    id="attn_sk",
    kind="layer",
    family="Channel attention",
    name="Selective kernel convolution (SKNet)",
    name_zh="SKNet 选择性卷积核",
    help_zh="用不同感受野的卷积分支处理输入，再让每个通道用 softmax 权重在各分支间选择。",
    source="Li et al., Selective Kernel Networks, arXiv 1903.06586",
    keywords="sk sknet selective kernel receptive field branch 选择性核 感受野",
    examples=(
        example(x=(3, 4, 5, 7), min_channels=8),
        example(x=(2, 6, 8, 5), branches=3, groups=3, min_channels=7, reduction=2),
    ),
)
class SelectiveKernel(nn.Module):
    r"""Convolves with several dilations and mixes the results, with weights per channel that sum to one.

    $$y_c = \sum_b a_{b,c} U_{b,c}, \quad a_{\cdot,c} = \mathrm{softmax}_b (A_b z)_c, \quad
    z = \mathrm{ReLU}(\mathrm{BN}(W \, \overline{\textstyle\sum_b U_b}))$$

    Args:
        in_channels: channels of the input and of the output.
        branches: number of branches; branch b is a 3x3 convolution with dilation b, normalisation and ReLU.
        reduction: channels per unit of the descriptor z.
        min_channels: least number of units of z.
        groups: channel groups of the convolutions; divides in_channels.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: in_channels not divisible by groups; in training, a batch of one sample.

    Source: Li et al., arXiv 1903.06586; the 5x5 kernel is a dilated 3x3 one, as there.
    """

    def __init__(
        self,
        in_channels: InChannels,
        branches: Count = 2,
        reduction: Count = 16,
        min_channels: Count = 32,
        groups: Count = 1,
    ) -> None:
        require_divisor("attn_sk", "groups", groups, in_channels=in_channels)
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(in_channels, in_channels, 3, padding=d, dilation=d, groups=groups, bias=False),
                nn.BatchNorm2d(in_channels),
                nn.ReLU(),
            )
            for d in range(1, branches + 1)
        )
        hidden = max(min_channels, reduced(in_channels, reduction))
        self.reduce = nn.Linear(in_channels, hidden, bias=False)
        self.norm = nn.BatchNorm1d(hidden)
        self.select = nn.Linear(hidden, branches * in_channels, bias=False)

    def forward(self, x: Image) -> Image:
        maps = torch.stack([branch(x) for branch in self.branches], 1)  # (B, branches, C, H, W)
        descriptor = F.relu(self.norm(self.reduce(squeeze(maps.sum(1)))))
        weights = self.select(descriptor).unflatten(1, maps.shape[1:3]).softmax(1)
        return (weights[..., None, None] * maps).sum(1)
