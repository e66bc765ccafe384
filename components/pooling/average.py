"""Average pooling: keeps the mean of each window."""

from torch import nn

from components.pooling._nd import check_window
from components.registry import component
from components.spec import NonNegativeSize, Size, SpatialDims, example

AVERAGE_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}


@component(
    id="pool_avg",
    kind="layer",
    family="Pooling",
    name="Average pooling",
    name_zh="平均池化",
    help_zh="取每个窗口内的平均值，平滑地缩小特征图。",
    source="LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 1998",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="avgpool mean subsampling avgpool1d avgpool2d avgpool3d 均值池化 下采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1), padding=1, count_include_pad=False),
        example(x=(1, 2, 6, 7, 9), kernel_size=2, ceil_mode=True),
    ),
)
def average_pooling(
    kernel_size: Size = 2,
    stride: Size | None = None,
    padding: NonNegativeSize = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Keeps the mean of each window, channel by channel.

    $$y(p) = \frac{1}{k} \sum_{t \in [0, k)} x(s\,p + t)$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: zeros added at each border, in samples; at most half of the window.
        ceil_mode: also pools a last window that leaves the map, instead of dropping it.
        count_include_pad: counts the added zeros in the mean.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size + 2 padding - kernel_size) / stride + 1).

    Raises:
        ValueError: padding of more than half of the window.

    Source: LeCun et al., Proc. IEEE 1998 (whose subsampling also scales and shifts); torch.nn.AvgPool2d.
    """
    check_window("pool_avg", dims, kernel_size=kernel_size, stride=stride, padding=padding)
    return AVERAGE_POOLS[dims](kernel_size, stride, padding, ceil_mode, count_include_pad)
