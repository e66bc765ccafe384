"""Power-average pooling: the Lp norm of each window."""

import math
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from components.pooling._nd import check_window
from components.pooling.average import AVERAGE_POOLS
from components.registry import component
from components.rules import per_axis
from components.spec import Dims, Size, SpatialDims, example


@component(
    id="pool_lp",
    kind="layer",
    family="Pooling",
    name="Power-average (Lp) pooling",
    name_zh="幂平均池化",
    help_zh="取每个窗口的 Lp 范数：p 为 1 时是绝对值之和，p 越大越接近最大池化。",
    source="Bruna et al., Signal Recovery from Pooling Representations, arXiv 1311.4025",
    keywords="lppool norm lppool1d lppool2d lppool3d 范数池化 Lp 池化",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), norm_type=3.0, kernel_size=(3, 2), stride=(2, 1)),
        example(x=(1, 2, 6, 7, 9), norm_type=1.0),
    ),
)
class PowerAveragePooling(nn.Module):
    r"""Keeps the Lp norm of each window, channel by channel.

    $$y(p) = \Big( \sum_t |x(s\,p + t)|^{q} \Big)^{1/q}$$

    Args:
        norm_type: exponent q of the norm, at least 1: 1 sums the magnitudes, a large one keeps the largest.
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size - kernel_size) / stride + 1).

    Source: Bruna et al., arXiv 1311.4025. Unlike torch.nn.LPPool2d it takes magnitudes, so that an odd exponent has
    no root of a negative sum, and a window of zeros has a gradient of zero.
    """

    def __init__(
        self,
        norm_type: Annotated[float, Field(ge=1.0)] = 2.0,
        kernel_size: Size = 2,
        stride: Size | None = None,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_lp", dims, kernel_size=kernel_size, stride=stride)
        self.norm_type = norm_type
        self.samples = math.prod(per_axis(kernel_size, dims))
        self.mean_pool = AVERAGE_POOLS[dims](kernel_size, stride)

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        powers = x * x if self.norm_type == 2 else x.abs().pow(self.norm_type)
        sums = self.mean_pool(powers) * self.samples
        empty = sums == 0  # where a root has no slope
        return (sums + empty).pow(1 / self.norm_type).masked_fill(empty, 0.0)
