"""The self-calibrated convolution: half of the channels is gated by a view of a wider region."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Image
from components.registry import component
from components.rules import require
from components.spec import Count, InChannels, example


@component(
    id="attn_sc_conv",
    kind="layer",
    family="Channel+spatial attention",
    name="Self-calibrated convolution (SCNet)",
    name_zh="SCNet 自校准卷积",
    help_zh="通道分两半：一半做普通卷积，另一半用下采样后的大范围视野产生门控来校准自身。",
    source="Liu et al., Improving Convolutional Networks with Self-Calibrated Convolutions, CVPR 2020",
    keywords="scnet self-calibrated convolution receptive field 自校准 感受野",
    tags=("batch_independent",),
    examples=(example(x=(2, 6, 9, 8)), example(x=(3, 4, 5, 7), pool_size=2, kernel_size=1, bias=False)),
)
class SelfCalibratedConv(nn.Module):
    r"""Convolves half of the channels, and the other half under a gate from the pooled map.

    $$y_1 = F_4 \star \left( (F_3 \star x_1) \odot \sigma(x_1 + \mathrm{up}(F_2 \star \mathrm{avgpool}_r(x_1))) \right),
    \quad y_2 = F_1 \star x_2, \quad y = [y_1, y_2]$$

    Args:
        in_channels: channels of the input and of the output; even.
        kernel_size: odd extent of the filters, in samples.
        pool_size: r, the window and step of the pooling, in samples.
        bias: adds a learned offset in each convolution.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: an odd number of channels, or an even kernel_size.

    Source: Liu et al., CVPR 2020, without the normalisation that the authors' code puts behind each convolution.
    """

    def __init__(
        self, in_channels: InChannels, kernel_size: Count = 3, pool_size: Count = 4, bias: bool = True
    ) -> None:
        require(in_channels % 2 == 0, "attn_sc_conv", "in_channels", ("even", "偶数"), in_channels)
        require(kernel_size % 2 == 1, "attn_sc_conv", "kernel_size", ("odd", "奇数"), kernel_size)
        super().__init__()
        half = in_channels // 2

        def convolution() -> nn.Conv2d:
            return nn.Conv2d(half, half, kernel_size, padding=kernel_size // 2, bias=bias)

        self.plain, self.wide, self.near, self.last = (convolution() for _ in range(4))
        self.pool_size = pool_size

    def gate(self, x: Tensor) -> Tensor:
        """The calibration of the first half, between 0 and 1."""
        pooled = F.avg_pool2d(x, self.pool_size, ceil_mode=True)
        wide = F.interpolate(self.wide(pooled), x.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(x + wide)

    def forward(self, x: Image) -> Image:
        first, second = x.chunk(2, 1)
        return torch.cat((self.last(self.near(first) * self.gate(first)), self.plain(second)), 1)
