"""Max unpooling: values return to the places that a max pooling took them from."""

from typing import Annotated

from torch import Tensor, nn

from components.pooling._nd import check_window
from components.registry import component
from components.rules import per_axis, require_per_axis
from components.spec import Dims, NonNegativeSize, Size, SpatialDims, example, ints

LAYOUT = "B C L | B C H W | B C D H W"
UNPOOLS = {1: nn.MaxUnpool1d, 2: nn.MaxUnpool2d, 3: nn.MaxUnpool3d}


@component(
    id="pool_max_unpool",
    kind="layer",
    family="Pooling",
    name="Max unpooling",
    name_zh="最大反池化",
    help_zh="把数值放回最大池化记录的位置，其余填零；窗口参数须与池化时相同。",
    source="Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, arXiv 1311.2901",
    keywords="maxunpool switches decoder segnet upsample 解码 上采样 索引",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 5), indices=ints(2, 3, 5, high=10)),
        example(x=(2, 3, 4, 5), indices=ints(2, 3, 4, 5, high=80)),
        example(x=(2, 3, 4, 5), indices=ints(2, 3, 4, 5, high=99), output_size=(9, 11)),
        example(x=(1, 2, 3, 4, 5), indices=ints(1, 2, 3, 4, 5, high=40), stride=1, padding=(1, 0, 1), dims=3),
    ),
)
class MaxUnpooling(nn.Module):
    r"""Writes each value to its index in a larger map of zeros, channel by channel.

    $$y(\mathrm{indices}(p)) = x(p), \quad y = 0 \text{ elsewhere}$$

    Args:
        kernel_size: window of the pooling along each spatial axis, in samples.
        stride: step of the pooling, in samples; none for the size of the window.
        padding: borders of the pooling, in samples.
        output_size: spatial axes of the map before the pooling; none for the smallest map that its windows fill.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        indices: as x, int64, places in the flattened map before the pooling.
        y: the same layout with axes of output_size, or (size - 1) stride - 2 padding + kernel_size.

    Raises:
        ValueError: an output_size that the pooling could not come from, or an index outside of the map.

    Source: Zeiler & Fergus, arXiv 1311.2901; torch.nn.MaxUnpool2d.
    """

    def __init__(
        self,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: NonNegativeSize = 0,
        output_size: Size | None = None,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_max_unpool", dims, kernel_size=kernel_size, stride=stride, padding=padding)
        require_per_axis("pool_max_unpool", dims, output_size=output_size)
        self.unpool = UNPOOLS[dims](kernel_size, stride, padding)
        self.output_size = None if output_size is None else per_axis(output_size, dims)

    def forward(
        self, x: Annotated[Tensor, Dims(LAYOUT)], indices: Annotated[Tensor, Dims(LAYOUT, dtype="int")]
    ) -> Annotated[Tensor, Dims(LAYOUT)]:
        return self.unpool(x, indices, self.output_size)
