"""Max pooling that also tells where each largest value was, for a max unpooling later on."""

from typing import Annotated

from torch import Tensor, nn

from components.pooling._nd import check_window
from components.pooling.max import MAX_POOLS
from components.registry import component
from components.spec import Dims, NonNegativeSize, Ports, Size, SpatialDims, example

LAYOUT = "B C L | B C H W | B C D H W"


@component(
    id="pool_max_indices",
    kind="layer",
    family="Pooling",
    name="Max pooling with indices",
    name_zh="最大池化（带位置）",
    help_zh="最大池化，并输出每个最大值的位置，供最大反池化还原。",
    source="Badrinarayanan et al., SegNet, arXiv 1511.00561",
    keywords="maxpool return_indices switches argmax segnet unpool 反池化 位置 索引",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1), padding=1),
        example(x=(1, 2, 6, 7, 9)),
    ),
)
class MaxPoolingWithIndices(nn.Module):
    r"""Keeps the largest value of each window and its place, channel by channel.

    $$y(p) = \max_{t \in [0, k)} x(s\,p + t)$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: borders of minus infinity, in samples; at most half of the window.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size + 2 padding - kernel_size) / stride + 1).
        indices: as y, int64, places in the flattened map of a channel.

    Raises:
        ValueError: padding of more than half of the window.

    Source: the switches of Zeiler & Fergus, arXiv 1311.2901, as in Badrinarayanan et al., arXiv 1511.00561;
    torch.nn.MaxPool2d.
    """

    def __init__(
        self,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: NonNegativeSize = 0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_max_indices", dims, kernel_size=kernel_size, stride=stride, padding=padding)
        self.pool = MAX_POOLS[dims](kernel_size, stride, padding, return_indices=True)

    def forward(
        self, x: Annotated[Tensor, Dims(LAYOUT)]
    ) -> Annotated[tuple[Tensor, Tensor], Ports(y=LAYOUT, indices=Dims(LAYOUT, dtype="int"))]:
        return self.pool(x)
