"""Style-based recalibration: a gate per channel from its own mean and deviation."""

import torch
from torch import nn

from components.feature_attention._maps import Maps, spread
from components.registry import component
from components.spec import InChannels, PositiveFloat, example


@component(
    id="attn_srm",
    kind="layer",
    family="Channel attention",
    name="Style-based recalibration module (SRM)",
    name_zh="SRM 风格重校准",
    help_zh="把每个通道的均值和标准差视为风格，逐通道加权并归一化后得到该通道的权重。",
    source="Lee et al., SRM: A Style-based Recalibration Module, arXiv 1903.10829",
    keywords="srm style recalibration mean std 风格 标准差",
    examples=(example(x=(3, 4, 5, 7)), example(x=(2, 6, 9), eps=1e-3), example(x=(3, 2, 4, 5, 6))),
)
class StyleRecalibration(nn.Module):
    r"""Scales each channel by a gate from its own style, the mean and deviation over its positions.

    $$y_c = x_c \, \sigma(\mathrm{BN}(w_{c,1} \mu_c + w_{c,2} s_c))$$

    Args:
        in_channels: channels of the input.
        eps: added to the variance under the root.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same.

    Raises:
        ValueError: in training, a batch of one sample.

    Source: Lee et al., arXiv 1903.10829.
    """

    def __init__(self, in_channels: InChannels, eps: PositiveFloat = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_channels, 2))
        self.norm = nn.BatchNorm1d(in_channels)
        self.eps = eps

    def forward(self, x: Maps) -> Maps:
        variance, mean = torch.var_mean(x.flatten(2), -1, correction=0)
        style = torch.stack((mean, (variance + self.eps).sqrt()), -1)  # (B, C, 2)
        return x * spread(torch.sigmoid(self.norm((self.weight * style).sum(-1))), x)
