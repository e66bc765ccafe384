"""The attention-augmented convolution: some output channels come from attention over the whole map."""

from typing import Annotated

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from components.feature_attention._maps import Image
from components.registry import component
from components.rules import require, require_divisor
from components.spec import Count, InChannels, Inferred, NonNegative, example


@component(
    id="attn_aaconv",
    kind="layer",
    family="Non-local attention",
    name="Attention-augmented convolution",
    name_zh="AAConv 注意力增强卷积",
    help_zh="一部分输出通道由卷积产生，另一部分由带二维相对位置编码的多头自注意力产生，两者拼接。",
    source="Bello et al., Attention Augmented Convolutional Networks, arXiv 1904.09925",
    keywords="aaconv attention augmented convolution relative position 2d 注意力增强 相对位置",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 5, 7), out_channels=10, key_channels=8, value_channels=4, num_heads=2),
        example(
            x=(2, 5, 4, 6), out_channels=9, key_channels=6, value_channels=3, num_heads=3, relative=False, kernel_size=1
        ),
        example(x=(2, 3, 6, 5), out_channels=4, value_channels=0),
    ),
)
class AttentionAugmentedConv(nn.Module):
    r"""Lays the maps of a convolution and of a multi-head self-attention over all positions side by side.

    $$y = [\mathrm{Conv}(x), \mathrm{MHA}(x)], \quad
    \alpha_{ij} = \mathrm{softmax}_j \, \frac{q_i \cdot (k_j + r^W_{j_x - i_x} + r^H_{j_y - i_y})}{\sqrt{d}}$$

    Args:
        in_channels: channels of the input.
        height: rows of the map, for the relative positions.
        width: columns of the map, for the relative positions.
        out_channels: channels of the output, those of the attention among them.
        kernel_size: extent of the convolution's filters, in samples; the map keeps its size.
        key_channels: channels of all heads' queries, and of their keys; divisible by num_heads.
        value_channels: channels of the output that come from the attention; 0 leaves a plain convolution.
        num_heads: number of heads.
        relative: adds the learned logits r of relative rows and columns, which all heads share.

    Shape:
        x: (B, in_channels, H, W).
        y: (B, out_channels, H, W).

    Raises:
        ValueError: key_channels or value_channels not divisible by num_heads, or value_channels not below out_channels.

    Source: Bello et al., arXiv 1904.09925, for stride 1.
    """

    def __init__(
        self,
        in_channels: InChannels,
        height: Annotated[int, Field(ge=1), Inferred("x", axis=2)],
        width: Annotated[int, Field(ge=1), Inferred("x", axis=3)],
        out_channels: Count = 32,
        kernel_size: Count = 3,
        key_channels: Count = 16,
        value_channels: NonNegative = 8,
        num_heads: Count = 4,
        relative: bool = True,
    ) -> None:
        id = "attn_aaconv"
        rule = (f"smaller than out_channels ({out_channels})", f"小于 out_channels（{out_channels}）的数")
        require(value_channels < out_channels, id, "value_channels", rule, value_channels)
        require_divisor(id, "num_heads", num_heads, key_channels=key_channels, value_channels=value_channels)
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels - value_channels, kernel_size, padding="same")
        self.sizes, self.num_heads = (key_channels, key_channels, value_channels), num_heads
        self.project = self.out = self.rows = self.columns = None
        if value_channels:
            depth = key_channels // num_heads
            self.project = nn.Conv2d(in_channels, sum(self.sizes), 1)
            self.out = nn.Conv2d(value_channels, value_channels, 1)
            if relative:
                self.rows = nn.Parameter(torch.randn(2 * height - 1, depth) * depth**-0.5)
                self.columns = nn.Parameter(torch.randn(2 * width - 1, depth) * depth**-0.5)

    def relative_logits(self, query: Tensor, table: Tensor) -> Tensor:
        """Of queries (..., size, depth) at each place along an axis to each place along it: (..., size, size)."""
        place = torch.arange(query.shape[-2], device=query.device)
        middle = len(table) // 2  # the row of distance 0, also for a map that is smaller than the table was made for
        return torch.einsum("...id,ijd->...ij", query, table[place - place[:, None] + middle])

    def attend(self, x: Tensor, project: nn.Conv2d) -> Tensor:
        """The heads' outputs side by side: (B, value_channels, H, W)."""
        parts = project(x).split(self.sizes, 1)
        # (B, heads, depth, H, W) to (B, heads, H, W, depth)
        query, key, value = (part.unflatten(1, (self.num_heads, -1)).movedim(2, -1) for part in parts)
        query = query * query.shape[-1] ** -0.5
        if self.rows is not None and self.columns is not None:
            # The logits to each row and column are further features of a query; a key has ones at its own row and column.
            by_row = self.relative_logits(query.transpose(2, 3), self.rows).transpose(2, 3)
            query = torch.cat((query, by_row, self.relative_logits(query, self.columns)), -1)
            row, column = (torch.eye(size, dtype=key.dtype, device=key.device) for size in x.shape[2:])
            own = torch.cat((row[:, None].expand(-1, len(column), -1), column.expand(len(row), -1, -1)), -1)
            key = torch.cat((key, own.expand(*key.shape[:2], -1, -1, -1)), -1)
        query, key, value = (part.flatten(2, 3) for part in (query, key, value))
        depth = value.shape[-1]
        # Kernels that do not keep all logits need values as deep as keys.
        value = F.pad(value, (0, max(key.shape[-1] - depth, 0)))
        y = F.scaled_dot_product_attention(query, key, value, scale=1.0)[..., :depth]
        return y.mT.flatten(1, 2).unflatten(2, x.shape[2:])

    def forward(self, x: Image) -> Image:
        y = self.conv(x)
        if self.project is None or self.out is None:
            return y
        return torch.cat((y, self.out(self.attend(x, self.project))), 1)
