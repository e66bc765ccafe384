"""Dynamically optimised pooling: how far the cells of the output reach into the input is learned."""

from typing import Annotated, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from components.registry import component
from components.rules import require_per_axis
from components.spec import Dims, NonNegativeFloat, PositiveFloat, example


@component(
    id="pool_dyno",
    kind="layer",
    family="Pooling",
    name="Dynamically optimised pooling (DynOPool)",
    name_zh="动态优化池化",
    help_zh="输出的每一格在输入上取四个双线性插值点再取最大；每格跨越的宽和高可学习，从而学习感受野的大小与形状。",
    source="Jang et al., Pooling Revisited: Your Receptive Field is Suboptimal, arXiv 2205.15254",
    keywords="dynopool learnable scale resize receptive field stride 可学习 缩放 感受野",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 7, 10)),
        example(x=(3, 2, 8, 11), ratio=(0.4, 1.3), spread=0.1, aggregate="mean"),
    ),
)
class DynamicallyOptimizedPooling(nn.Module):
    r"""Keeps the largest of four interpolated values in each cell of a grid whose cells have a learned extent.

    $$y(i, j) = \max_{\pm, \pm} x\!\left(p_i \pm \tfrac{\delta}{r_h},\; p_j \pm \tfrac{\delta}{r_w}\right), \quad
    p_i = \tfrac{H}{2} + \frac{i + \frac{1}{2} - \frac{n}{2}}{r_h}$$

    x between two samples is interpolated bilinearly, and beyond the border it is that of the border. n is the height of
    the output; a cell extends over 1/r samples of the input.

    Args:
        ratio: size of the output over that of the input, one value or one per axis; where r starts.
        spread: distance delta of the four points from the middle of their cell, in cells; 0.25 spaces them evenly.
        aggregate: what becomes of the four values.

    Shape:
        x: (B, C, H, W).
        y: (B, C, round(ratio H), round(ratio W)), at least 1 each.

    Source: Jang et al., arXiv 2205.15254. There the output's size follows r while it is trained, by a rounding with a
    straight-through gradient and a loss on the cost. Here the size stays that of the ratio at the start, as a graph with
    known shapes needs it, and what r learns is the distance and reach of the cells about the middle of the map. r is
    learned through its logarithm, which keeps it positive.
    """

    def __init__(
        self,
        ratio: PositiveFloat | tuple[PositiveFloat, ...] = 0.5,
        spread: NonNegativeFloat = 0.25,
        aggregate: Literal["max", "mean"] = "max",
    ) -> None:
        super().__init__()
        require_per_axis("pool_dyno", 2, ratio=ratio)
        self.ratio = ratio if isinstance(ratio, tuple) else (ratio, ratio)
        self.spread, self.aggregate = spread, aggregate
        self.log_ratio = nn.Parameter(torch.tensor(self.ratio).log())

    def forward(self, x: Annotated[Tensor, Dims("B C H W")]) -> Annotated[Tensor, Dims("B C H W")]:
        rows, columns = (self._points(axis, x.shape[2 + axis]) for axis in (0, 1))
        grid = torch.stack(
            [columns.expand(len(rows), -1), rows[:, None].expand(-1, len(columns))], dim=-1
        )  # (2 n_h, 2 n_w, 2), the two points of a cell along each axis next to each other
        values = F.grid_sample(
            x.to(grid.dtype), grid.expand(x.shape[0], -1, -1, -1), padding_mode="border", align_corners=False
        ).to(x.dtype)
        return F.max_pool2d(values, 2) if self.aggregate == "max" else F.avg_pool2d(values, 2)

    def _points(self, axis: int, size: int) -> Tensor:
        """Where an axis is read, two points a cell, from -1 (its beginning) to 1 (its end)."""
        count = max(1, round(size * self.ratio[axis]))
        middle = torch.arange(count, dtype=self.log_ratio.dtype, device=self.log_ratio.device) + 0.5 - count / 2
        points = torch.stack([middle - self.spread, middle + self.spread], dim=1).flatten()
        return points * torch.exp(-self.log_ratio[axis]) * 2 / size

    def extra_repr(self) -> str:
        return f"ratio={self.ratio}, spread={self.spread}, aggregate={self.aggregate!r}"
