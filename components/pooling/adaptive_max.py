"""Adaptive max pooling: a map of any size to a map of a given size."""

from torch import nn

from components.registry import component
from components.rules import require_per_axis
from components.spec import Size, SpatialDims, example

ADAPTIVE_MAX_POOLS = {1: nn.AdaptiveMaxPool1d, 2: nn.AdaptiveMaxPool2d, 3: nn.AdaptiveMaxPool3d}


@component(
    id="pool_adaptive_max",
    kind="layer",
    family="Pooling",
    name="Adaptive max pooling",
    name_zh="自适应最大池化",
    help_zh="无论输入多大，都最大池化到指定的输出尺寸。",
    source="He et al., Spatial pyramid pooling in deep convolutional networks, arXiv 1406.4729",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="adaptivemaxpool 最大池化",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11), output_size=4),
        example(x=(2, 3, 7, 10), output_size=(2, 5)),
        example(x=(1, 2, 6, 7, 9), output_size=(3, 2, 4)),
    ),
)
def adaptive_max_pooling(output_size: Size = 1, dims: SpatialDims = 2) -> nn.Module:
    r"""Divides each axis into a given number of windows and keeps their largest values.

    $$y(i) = \max x[\lfloor i L / m \rfloor : \lceil (i + 1) L / m \rceil]$$

    Args:
        output_size: size m of the output along each spatial axis, in samples.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout with spatial axes of output_size.

    Raises:
        ValueError: a list that has not one size for each spatial axis.

    Source: one level of the pyramid of He et al., arXiv 1406.4729; torch.nn.AdaptiveMaxPool2d.
    """
    require_per_axis("pool_adaptive_max", dims, output_size=output_size)
    return ADAPTIVE_MAX_POOLS[dims](output_size)
