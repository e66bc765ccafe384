"""Multi-spectral channel attention: the squeeze takes a different cosine component in each group of channels."""

import math
from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.feature_attention._maps import Image, reduced, spread, two_layers
from components.registry import component
from components.rules import require_divisor
from components.spec import Count, InChannels, example

GRID = 7
# The components that did best alone on ImageNet, best first: (vertical, horizontal).
BEST = (
    (0, 0), (0, 1), (6, 0), (0, 5), (0, 2), (1, 0), (1, 2), (4, 0),
    (5, 0), (1, 6), (3, 0), (0, 4), (0, 6), (0, 3), (3, 5), (2, 2),
)  # fmt: skip
LOWEST = sorted(((u, v) for u in range(GRID) for v in range(GRID)), key=lambda pair: (sum(pair), pair))


def cosine(frequency: int) -> Tensor:
    """A row of the orthonormal discrete cosine transform of GRID samples."""
    scale = math.sqrt((1 if frequency == 0 else 2) / GRID)
    return scale * torch.cos(math.pi * frequency * (torch.arange(GRID) + 0.5) / GRID)


@component(
    id="attn_fca",
    kind="layer",
    family="Channel attention",
    name="Multi-spectral channel attention (FcaNet)",
    name_zh="FcaNet 频域通道注意力",
    help_zh="把通道分组，每组取一个二维离散余弦分量代替全局均值，再经两层全连接得到通道权重。",
    source="Qin et al., FcaNet: Frequency Channel Attention Networks, arXiv 2012.11879",
    keywords="fcanet dct frequency multi-spectral cosine 频域 离散余弦变换",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 9, 10), frequencies=4, reduction=1),
        example(x=(4, 6, 7, 5), frequencies=3, reduction=1, selection="lowest"),
    ),
)
class FrequencyChannelAttention(nn.Module):
    r"""Scales each channel by a gate that two layers compute from one cosine component of every channel.

    $$y = x \odot \sigma(W_2 \, \mathrm{ReLU}(W_1 f)), \quad
    f_c = \sum_{i,j} x_c(i, j) \cos \tfrac{\pi u_c (i + 1/2)}{7} \cos \tfrac{\pi v_c (j + 1/2)}{7}$$

    Args:
        in_channels: channels of the input.
        frequencies: number of components; divides in_channels, each serves a block of channels.
        selection: ``best`` takes those that the paper found best one by one, ``lowest`` those of least frequency.
        reduction: channels per unit of the hidden layer.

    Shape:
        x: (B, C, H, W), pooled to 7 x 7 samples for the transform.
        y: the same.

    Raises:
        ValueError: in_channels not divisible by frequencies.

    Source: Qin et al., arXiv 2012.11879, with the transform's orthonormal scale.
    """

    basis: Tensor

    def __init__(
        self,
        in_channels: InChannels,
        frequencies: Annotated[int, Field(ge=1, le=16)] = 16,
        selection: Literal["best", "lowest"] = "best",
        reduction: Count = 16,
    ) -> None:
        require_divisor("attn_fca", "frequencies", frequencies, in_channels=in_channels)
        super().__init__()
        pairs = (BEST if selection == "best" else LOWEST)[:frequencies]
        planes = torch.stack([torch.outer(cosine(u), cosine(v)) for u, v in pairs])
        self.register_buffer("basis", planes.repeat_interleave(in_channels // frequencies, 0))  # (C, 7, 7)
        self.gate = two_layers(in_channels, reduced(in_channels, reduction), in_channels, bias=False)

    def forward(self, x: Image) -> Image:
        components = (F.adaptive_avg_pool2d(x, GRID) * self.basis).sum((2, 3))
        return x * spread(torch.sigmoid(self.gate(components)), x)
