"""Attentional feature fusion: a learned, soft choice between two feature maps."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced, two_normalised_convolutions
from components.registry import component
from components.spec import Count, InChannels, Ports, example


class MultiScaleGate(nn.Module):
    """MS-CAM: a gate from each position (local) and from the mean over the positions (global)."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.near = two_normalised_convolutions(channels, hidden)
        self.whole = two_normalised_convolutions(channels, hidden)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.near(x) + self.whole(x.mean((2, 3), keepdim=True)))


@component(
    id="attn_aff",
    kind="layer",
    family="Other CNN attention",
    name="Attentional feature fusion (AFF / iAFF)",
    name_zh="AFF 注意力特征融合",
    help_zh="用多尺度通道注意力在两个特征图之间逐元素软选择，可迭代两次（iAFF）；代替相加或拼接。",
    source="Dai et al., Attentional Feature Fusion, arXiv 2009.14082",
    keywords="aff iaff ms-cam fusion skip connection 特征融合 跳跃连接",
    examples=(
        example(x=(3, 8, 5, 7), y=(3, 8, 5, 7), reduction=2),
        example(x=(4, 6, 3, 5), y=(4, 6, 3, 5), reduction=1, iterative=True),
    ),
)
class AttentionalFeatureFusion(nn.Module):
    r"""Mixes two feature maps, value by value, with weights that sum to one.

    $$z = M \odot x + (1 - M) \odot y, \quad M = \sigma(L(x \uplus y) + G(\overline{x \uplus y}))$$

    Args:
        in_channels: channels of both inputs.
        reduction: channels per channel of the gate's middle.
        iterative: fuses x and y by a gate of their own to compute the gate (iAFF), instead of adding them.

    Shape:
        x, y: (B, C, H, W), of the same shape.
        z: the same.

    Raises:
        ValueError: in training, a batch of one sample.

    Source: Dai et al., arXiv 2009.14082, without the factor 2 of the authors' code.
    """

    def __init__(self, in_channels: InChannels, reduction: Count = 4, iterative: bool = False) -> None:
        super().__init__()
        hidden = reduced(in_channels, reduction)
        self.first = MultiScaleGate(in_channels, hidden) if iterative else None
        self.gate = MultiScaleGate(in_channels, hidden)

    def forward(self, x: Image, y: Image) -> Annotated[Tensor, Ports(z="B C H W")]:
        mixed = x + y
        if self.first is not None:
            mixed = y + self.first(mixed) * (x - y)
        return y + self.gate(mixed) * (x - y)  # torch.lerp takes no mixture of types
