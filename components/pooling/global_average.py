"""Global average pooling: one value per channel."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="pool_global_avg",
    kind="layer",
    family="Pooling",
    name="Global average pooling (GAP)",
    name_zh="全局平均池化",
    help_zh="对每个通道的整张特征图取平均，得到一个值。",
    source="Lin et al., Network In Network, arXiv 1312.4400",
    keywords="gap mean flatten 均值",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 11)), example(x=(2, 3, 5, 7), keepdim=False), example(x=(2, 3, 4, 5, 7))),
)
def global_average_pooling(
    x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")], *, keepdim: bool = True
) -> Annotated[Tensor, Dims("B C *")]:
    r"""Replaces each channel's map by its mean.

    $$y_{n,c} = \frac{1}{HW} \sum_{i,j} x_{n,c,i,j}$$

    Args:
        keepdim: keeps the spatial axes, with size 1; otherwise the output is a vector per sample.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: (B, C, 1), (B, C, 1, 1) or (B, C, 1, 1, 1); (B, C) without keepdim.

    Source: Lin et al., arXiv 1312.4400.
    """
    return x.mean(tuple(range(2, x.dim())), keepdim)
