"""Normalisation-based attention: the scales of a batch normalisation say how much each channel matters."""

import torch
from torch import nn

from components.feature_attention._maps import Maps
from components.registry import component
from components.spec import InChannels, example


@component(
    id="attn_nam",
    kind="layer",
    family="Channel attention",
    name="Normalization-based attention (NAM)",
    name_zh="NAM 基于归一化的注意力",
    help_zh="用批归一化的缩放系数占比衡量通道重要性，作为门控；除批归一化外没有额外参数。",
    source="Liu et al., NAM: Normalization-based Attention Module, arXiv 2111.12419",
    keywords="nam batch normalization scale channel 批归一化 缩放系数",
    examples=(example(x=(3, 4, 5, 7)), example(x=(2, 6, 9)), example(x=(2, 3, 4, 5, 6))),
)
class NormalizationAttention(nn.Module):
    r"""Gates each value by its normalised self, weighted by the share of the channel's scale in all scales.

    $$y_c = x_c \, \sigma\Big( \frac{|\gamma_c|}{\sum_k |\gamma_k|} \, \mathrm{BN}(x)_c \Big)$$

    Args:
        in_channels: channels of the input.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Source: Liu et al., arXiv 2111.12419, its channel attention.
    """

    def __init__(self, in_channels: InChannels) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(in_channels)

    def forward(self, x: Maps) -> Maps:
        scales = self.norm.weight.abs()
        weights = (scales / scales.sum())[:, None]  # (C, 1)
        return x * torch.sigmoid(weights * self.norm(x.flatten(2))).reshape(x.shape)
