"""Max pooling: keeps the largest value of each window."""

from torch import nn

from components.pooling._nd import check_window
from components.registry import component
from components.spec import NonNegativeSize, Size, SpatialDims, example

MAX_POOLS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}


@component(
    id="pool_max",
    kind="layer",
    family="Pooling",
    name="Max pooling",
    name_zh="最大池化",
    help_zh="取每个窗口内的最大值，缩小特征图并保留最强的响应。",
    source="Ranzato et al., Unsupervised learning of invariant feature hierarchies, CVPR 2007",
    inputs={"x": "B C L | B C H W | B C D H W"},
    outputs={"y": "B C L | B C H W | B C D H W"},
    keywords="maxpool maxpool1d maxpool2d maxpool3d downsample 下采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1), padding=1, ceil_mode=True),
        example(x=(1, 2, 7, 8, 9), kernel_size=2, stride=1, dilation=3),
    ),
)
def max_pooling(
    kernel_size: Size = 2,
    stride: Size | None = None,
    padding: NonNegativeSize = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    dims: SpatialDims = 2,
) -> nn.Module:
    r"""Keeps the largest value of each window, channel by channel.

    $$y(p) = \max_{t \in [0, k)} x(s\,p + d\,t)$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: borders of minus infinity, in samples; at most half of the window.
        dilation: distance between two samples of a window.
        ceil_mode: also pools a last window that leaves the map, instead of dropping it.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes
        floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1).

    Raises:
        ValueError: padding of more than half of the window.

    Source: Ranzato et al., CVPR 2007; torch.nn.MaxPool2d.
    """
    check_window("pool_max", dims, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    return MAX_POOLS[dims](kernel_size, stride, padding, dilation, ceil_mode=ceil_mode)
