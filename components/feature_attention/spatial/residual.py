"""The residual attention module: an hourglass computes a mask for a trunk of residual units."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced
from components.registry import component
from components.spec import Count, InChannels, example


class ResidualUnit(nn.Module):
    """The bottleneck of a residual network with the normalisation first."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = reduced(channels, 4)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU(), nn.Conv2d(hidden, hidden, 3, padding=1, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU(), nn.Conv2d(hidden, channels, 1, bias=False),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Hourglass(nn.Module):
    """Goes down one level, on to the deeper ones and up again; a skip connection bridges the deeper ones."""

    def __init__(self, channels: int, levels: int, units: int) -> None:
        super().__init__()
        self.down = nn.Sequential(*(ResidualUnit(channels) for _ in range(units)))
        self.inner = Hourglass(channels, levels - 1, units) if levels > 1 else None
        self.skip = ResidualUnit(channels) if levels > 1 else None
        self.up = nn.Sequential(*(ResidualUnit(channels) for _ in range(units)))

    def forward(self, x: Tensor) -> Tensor:
        small = self.down(F.max_pool2d(x, 3, stride=2, padding=1))
        if self.inner is not None and self.skip is not None:
            small = self.skip(small) + self.inner(small)
        return F.interpolate(self.up(small), x.shape[2:], mode="bilinear", align_corners=True)


@component(
    id="attn_residual",
    kind="layer",
    family="Spatial attention",
    name="Residual attention module",
    name_zh="残差注意力模块",
    help_zh="主干为若干残差单元，沙漏形掩码分支先下采样再上采样得到 0 到 1 的掩码：y = (1 + M) · T。",
    source="Wang et al., Residual Attention Network for Image Classification, arXiv 1704.06904",
    keywords="residual attention network mask trunk hourglass 残差注意力 掩码",
    examples=(
        example(x=(2, 8, 9, 11), trunk_units=1),
        example(x=(3, 4, 10, 7), levels=2, trunk_units=2, mask_units=2),
    ),
)
class ResidualAttention(nn.Module):
    r"""Raises what a trunk of residual units computes by a mask from an hourglass beside it.

    $$y = (1 + M(x)) \odot T(x), \quad 0 < M(x) < 1$$

    Args:
        in_channels: channels of the input.
        levels: how often the mask branch halves the map.
        trunk_units: residual units of the trunk, t in the paper.
        mask_units: residual units at each level of the mask branch, down and up, r in the paper.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Source: Wang et al., arXiv 1704.06904. The paper's p units before and behind the module are left to the graph.
    """

    def __init__(
        self, in_channels: InChannels, levels: Count = 1, trunk_units: Count = 2, mask_units: Count = 1
    ) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*(ResidualUnit(in_channels) for _ in range(trunk_units)))
        self.hourglass = Hourglass(in_channels, levels, mask_units)
        self.mask = nn.Sequential(
            nn.BatchNorm2d(in_channels), nn.ReLU(), nn.Conv2d(in_channels, in_channels, 1, bias=False),
            nn.BatchNorm2d(in_channels), nn.ReLU(), nn.Conv2d(in_channels, in_channels, 1),
        )  # fmt: skip

    def forward(self, x: Image) -> Image:
        return (1 + torch.sigmoid(self.mask(self.hourglass(x)))) * self.trunk(x)
