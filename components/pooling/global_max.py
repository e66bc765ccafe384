"""Global max pooling: one value per channel."""

from typing import Annotated

from torch import Tensor

from components.registry import component
from components.spec import Dims, example


@component(
    id="pool_global_max",
    kind="layer",
    family="Pooling",
    name="Global max pooling",
    name_zh="全局最大池化",
    help_zh="取每个通道整张特征图的最大值，得到一个值。",
    source="Oquab et al., Is object localization for free?, CVPR 2015",
    keywords="gmp maximum 最大值",
    tags=("batch_independent",),
    examples=(example(x=(2, 3, 11)), example(x=(2, 3, 5, 7), keepdim=False), example(x=(2, 3, 4, 5, 7))),
)
def global_max_pooling(
    x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")], *, keepdim: bool = True
) -> Annotated[Tensor, Dims("B C *")]:
    r"""Replaces each channel's map by its largest value.

    $$y_{n,c} = \max_{i,j} x_{n,c,i,j}$$

    Args:
        keepdim: keeps the spatial axes, with size 1; otherwise the output is a vector per sample.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: (B, C, 1), (B, C, 1, 1) or (B, C, 1, 1, 1); (B, C) without keepdim.

    Source: Oquab et al., CVPR 2015, where it finds objects without boxes. Of equal maxima one takes the
    gradient.
    """
    largest = x.flatten(2).max(-1).values
    return largest.view(*largest.shape, *[1] * (x.dim() - 2)) if keepdim else largest
