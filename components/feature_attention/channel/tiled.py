"""Tiled squeeze-and-excite: the gates of a channel follow from the tile, not from the whole map."""

import torch
import torch.nn.functional as F
from torch import nn

from components.feature_attention._maps import Image, reduced, two_convolutions
from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Count, InChannels, Size, example


@component(
    id="attn_tse",
    kind="layer",
    family="Channel attention",
    name="Tiled squeeze-and-excite (TSE)",
    name_zh="TSE 分块通道注意力",
    help_zh="只在小块内求均值并计算通道权重，不必等待整张特征图，便于流水线硬件，效果与 SE 相当。",
    source="Vosco et al., Tiled Squeeze-and-Excite, arXiv 2107.02145",
    keywords="tse tiled squeeze excite local context 分块 局部",
    tags=("batch_independent",),
    examples=(
        example(x=(3, 8, 5, 9), tile=3, reduction=1),
        example(x=(2, 6, 7, 5), tile=(2, 5), reduction=1),
    ),
)
class TiledSqueezeExcitation(nn.Module):
    r"""Gates the channels of each tile by what two layers compute from the means over that tile.

    $$y_T = x_T \odot \sigma(W_2 \, \mathrm{ReLU}(W_1 \bar{x}_T + b_1) + b_2) \quad \text{for each tile } T$$

    Args:
        in_channels: channels of the input.
        tile: rows and columns of a tile, in samples; the last tiles may be smaller.
        reduction: channels per channel of the hidden layer.

    Shape:
        x: (B, C, H, W).
        y: the same.

    Raises:
        ValueError: a tile of more than two extents.

    Source: Vosco et al., arXiv 2107.02145.
    """

    def __init__(self, in_channels: InChannels, tile: Size = 7, reduction: Count = 16) -> None:
        require_per_axis("attn_tse", 2, tile=tile)
        super().__init__()
        self.gate = two_convolutions(in_channels, reduced(in_channels, reduction))
        self.tile = per_axis(tile, 2)

    def forward(self, x: Image) -> Image:
        height, width = x.shape[2:]
        rows, columns = min(self.tile[0], height), min(self.tile[1], width)
        gates = torch.sigmoid(self.gate(F.avg_pool2d(x, (rows, columns), ceil_mode=True)))
        return x * gates.repeat_interleave(rows, 2).repeat_interleave(columns, 3)[..., :height, :width]
