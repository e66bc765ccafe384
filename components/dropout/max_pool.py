"""Max-pooling dropout: values are dropped before the largest of each window is taken."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.rules import require_per_axis
from components.spec import Dims, DropRate, Size, SpatialDims, example
from components.windows import windows


@component(
    id="drop_max_pool",
    kind="layer",
    family="Dropout",
    name="Max-pooling dropout",
    name_zh="最大池化失活",
    help_zh="训练时先随机丢弃窗口内的值再取最大值；评估时按各值成为最大值的概率加权求和。",
    source="Wu & Gu, Towards Dropout Training for Convolutional Neural Networks, arXiv 1512.00242",
    keywords="max pooling dropout probabilistic weighted stochastic pooling 随机池化 概率加权",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=2, p=0.3),
        example(x=(1, 2, 7, 8, 9), kernel_size=3),
    ),
)
class MaxPoolDropout(nn.Module):
    r"""Takes the largest of the values of each window that are left; evaluation takes the mean over all draws.

    $$y = \max_i m_i a_i, \quad m_i \sim \mathrm{Bernoulli}(1 - p), \qquad
    \text{in evaluation} \quad y = \sum_{i=1}^{n} (1 - p)\, p^{n-i}\, a_{(i)}$$

    where a(1) to a(n) are the values of the window from the smallest to the largest.

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        p: probability that a value is dropped.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W); not negative, as behind a ReLU: a dropped value is 0.
        y: the same layout; each axis becomes floor((size - kernel_size) / stride + 1).

    Source: Wu & Gu, arXiv 1512.00242, equations 5 to 9.
    """

    def __init__(
        self, kernel_size: Size = 2, stride: Size | None = None, p: DropRate = 0.5, dims: SpatialDims = 2
    ) -> None:
        super().__init__()
        require_per_axis("drop_max_pool", dims, kernel_size=kernel_size, stride=stride)
        self.kernel_size, self.stride, self.p = kernel_size, stride, p

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        if self.training:
            return windows(x * (torch.rand_like(x) >= self.p), self.kernel_size, self.stride).amax(0)
        ascending = windows(x, self.kernel_size, self.stride).sort(0).values
        larger = torch.arange(len(ascending) - 1, -1, -1, device=x.device)
        return torch.tensordot((1 - self.p) * self.p ** larger.to(x.dtype), ascending, 1)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, p={self.p}"
