"""SoftPool: each window is averaged with the softmax of its own values as weights."""

from typing import Annotated

from torch import Tensor, nn

from components.pooling._nd import check_window, weighted_pool
from components.registry import component
from components.spec import Dims, NonNegativeSize, Size, SpatialDims, example


@component(
    id="pool_soft",
    kind="layer",
    family="Pooling",
    name="SoftPool",
    name_zh="软池化",
    help_zh="以窗口内数值的 softmax 为权重求和，介于平均池化与最大池化之间，每个值都有梯度。",
    source="Stergiou et al., Refining Activation Downsampling with SoftPool, arXiv 2101.00440",
    keywords="softpool softmax exponential weighted downsample 指数加权 下采样",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1), padding=1),
        example(x=(1, 2, 6, 7, 9), kernel_size=2),
    ),
)
class SoftPool(nn.Module):
    r"""Averages each window with weights that grow exponentially with its values, channel by channel.

    $$y(p) = \frac{\sum_t e^{x(s p + t)}\, x(s p + t)}{\sum_t e^{x(s p + t)}}$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        padding: borders that weigh nothing, in samples; at most half of the window.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size + 2 padding - kernel_size) / stride + 1).

    Raises:
        ValueError: padding of more than half of the window.

    Source: Stergiou et al., arXiv 2101.00440; padding is an addition.
    """

    def __init__(
        self,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: NonNegativeSize = 0,
        dims: SpatialDims = 2,
    ) -> None:
        super().__init__()
        check_window("pool_soft", dims, kernel_size=kernel_size, stride=stride, padding=padding)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        return weighted_pool(x, x, self.kernel_size, self.stride, self.padding)
