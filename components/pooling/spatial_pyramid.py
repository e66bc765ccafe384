"""Spatial pyramid pooling: a map of any size becomes a vector of a fixed length."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from components.pooling.adaptive_average import ADAPTIVE_AVERAGE_POOLS
from components.pooling.adaptive_max import ADAPTIVE_MAX_POOLS
from components.registry import component
from components.spec import Count, Dims, SpatialDims, example

POOLS = {"max": ADAPTIVE_MAX_POOLS, "mean": ADAPTIVE_AVERAGE_POOLS}


@component(
    id="pool_spp",
    kind="layer",
    family="Pooling",
    name="Spatial pyramid pooling (SPP)",
    name_zh="空间金字塔池化",
    help_zh="在多个网格尺度上池化并拼接，任意大小的特征图都得到定长向量。",
    source="He et al., Spatial pyramid pooling in deep convolutional networks, arXiv 1406.4729",
    keywords="spp sppnet multi-scale fixed length vector 多尺度 定长向量",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), levels=(3, 1)),
        example(x=(2, 3, 7, 10)),
        example(x=(1, 2, 6, 7, 9), levels=(1, 2), reduce="mean"),
    ),
)
class SpatialPyramidPooling(nn.Module):
    r"""Pools a map on grids of several sizes and joins the results into one vector.

    $$y = \mathrm{concat}_k\; \mathrm{vec}\big(\mathrm{pool}_{k \times k}(x)\big)$$

    Args:
        levels: windows k along each spatial axis, for each level of the pyramid.
        reduce: ``max`` keeps the largest value of a window, ``mean`` the average.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: (B, C * sum of k^dims), level by level, and in each channel by channel.

    Source: He et al., arXiv 1406.4729, who take the maximum.
    """

    def __init__(
        self,
        levels: Annotated[tuple[Count, ...], Field(min_length=1)] = (1, 2, 4),
        reduce: Literal["max", "mean"] = "max",
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        self.pools = nn.ModuleList(POOLS[reduce][dims](size) for size in levels)

    def forward(self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]) -> Annotated[Tensor, Dims("B F")]:
        return torch.cat([pool(x).flatten(1) for pool in self.pools], dim=1)
