"""Interlaced sparse self-attention: first among distant positions, then among near ones."""

from torch import Tensor, nn

from components.errors import InputError
from components.feature_attention._maps import Image, reduced
from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Count, InChannels, Size, example


class TokenAttention(nn.Module):
    """Self-attention with one head over axis -2 of (..., N, C)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.query = nn.Linear(channels, inner)
        self.key = nn.Linear(channels, inner, bias=False)  # an offset would cancel out in the softmax
        self.value = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x)
        return (query @ self.key(x).mT / query.shape[-1] ** 0.5).softmax(-1) @ self.value(x)


@component(
    id="attn_isa",
    kind="layer",
    family="Non-local attention",
    name="Interlaced sparse self-attention (ISANet)",
    name_zh="ISANet 交错稀疏自注意力",
    help_zh="先在间隔排列的远处位置间、再在窗口内的近处位置间做自注意力，两步即覆盖全图而计算量小得多。",
    source="Huang et al., Interlaced Sparse Self-Attention for Semantic Segmentation, arXiv 1907.12273",
    keywords="isa isanet interlaced sparse window long range short range 交错 稀疏 窗口",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5, 4, 6), window=2),
        example(x=(2, 8, 6, 9), window=(2, 3), reduction=4),
    ),
)
class InterlacedAttention(nn.Module):
    r"""Lets each position look at those of the same place in the other windows, then at those of its own window.

    $$y = \mathrm{short}(\mathrm{long}(x)), \quad
    \mathrm{attend}(t) = \mathrm{softmax}(Q K^\top / \sqrt{d}) \, V$$

    Args:
        in_channels: channels of the input.
        window: rows and columns of a window, in samples; divide those of the map.
        reduction: channels per channel of the queries and keys.

    Shape:
        x: (B, C, H, W).
        y: the same; the sum with the input is left to the graph.

    Raises:
        ValueError: a map that the windows do not fill, or a window of more than two extents.

    Source: Huang et al., arXiv 1907.12273, without normalisation.
    """

    def __init__(self, in_channels: InChannels, window: Size = 8, reduction: Count = 2) -> None:
        require_per_axis("attn_isa", 2, window=window)
        super().__init__()
        inner = reduced(in_channels, reduction)
        self.far = TokenAttention(in_channels, inner)
        self.near = TokenAttention(in_channels, inner)
        self.window = per_axis(window, 2)

    def forward(self, x: Image) -> Image:
        size, (rows, columns) = tuple(x.shape[2:]), self.window
        if size[0] % rows or size[1] % columns:
            raise InputError(
                f"Windows of {rows} x {columns} must fill the map. Got a map of {size[0]} x {size[1]} instead.",
                f"{rows}×{columns} 的窗口必须恰好铺满特征图，收到 {size[0]}×{size[1]} 的特征图。",
            )
        # (B, C, windows down, rows, windows across, columns)
        tiled = x.unflatten(3, (-1, columns)).unflatten(2, (-1, rows))
        down, across = tiled.shape[2], tiled.shape[4]
        far = tiled.permute(0, 3, 5, 2, 4, 1).flatten(3, 4)  # (B, rows, columns, windows, C)
        near = self.far(far).permute(0, 3, 1, 2, 4).flatten(2, 3)  # (B, windows, rows x columns, C)
        mixed = self.near(near).unflatten(2, (rows, columns)).unflatten(1, (down, across))
        return mixed.permute(0, 5, 1, 3, 2, 4).reshape(x.shape)
