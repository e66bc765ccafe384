"""Stochastic pooling: a window is represented by one of its values, drawn by their size."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.pooling._nd import check_window
from components.registry import component
from components.spec import Dims, Size, SpatialDims, example
from components.windows import windows


@component(
    id="pool_stochastic",
    kind="layer",
    family="Pooling",
    name="Stochastic pooling",
    name_zh="随机池化",
    help_zh="训练时按数值大小的概率随机选取窗口中的一个值，评估时取概率加权平均；接在 ReLU 之后使用。",
    source="Zeiler & Fergus, Stochastic Pooling for Regularization of Deep CNNs, arXiv 1301.3557",
    keywords="random multinomial regularization sample 随机 正则化 采样",
    tags=("stochastic", "batch_independent"),
    examples=(
        example(x=(2, 3, 11)),
        example(x=(2, 3, 7, 10), kernel_size=(3, 2), stride=(2, 1)),
        example(x=(1, 2, 6, 7, 9), kernel_size=2),
    ),
)
class StochasticPooling(nn.Module):
    r"""In training, keeps a random value of each window; in evaluation, the mean of such draws.

    $$p_t = \frac{a_t}{\sum_u a_u}, \quad y = a_l \text{ with } l \sim p \text{ (training)}, \quad
    y = \sum_t p_t\, a_t \text{ (evaluation)}, \quad a = \max(0, x)$$

    Args:
        kernel_size: extent of the window along each spatial axis, in samples.
        stride: step between two windows, in samples; none for the size of the window.
        dims: number of spatial axes.

    Shape:
        x: (B, C, L), (B, C, H, W) or (B, C, D, H, W).
        y: the same layout; each axis becomes floor((size - kernel_size) / stride + 1).

    Source: Zeiler & Fergus, arXiv 1301.3557, who place it behind a ReLU: negative values count as zero, and a window
    of zeros gives zero.
    """

    def __init__(self, kernel_size: Size = 2, stride: Size | None = None, dims: SpatialDims = 2) -> None:
        super().__init__()
        check_window("pool_stochastic", dims, kernel_size=kernel_size, stride=stride)
        self.kernel_size, self.stride = kernel_size, stride

    def forward(
        self, x: Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]
    ) -> Annotated[Tensor, Dims("B C L | B C H W | B C D H W")]:
        values = windows(x, self.kernel_size, self.stride).relu()  # (samples, B, C, *positions)
        total = values.sum(0)
        if not self.training:
            return (values.square() / torch.where(total > 0, total, 1.0)).sum(0)
        weights = torch.where(total > 0, values, 1.0).detach()
        ladder = weights.cumsum(0)  # a random height meets a step with the probability of its share
        drawn = (ladder <= torch.rand_like(total) * ladder[-1]).sum(0, keepdim=True)
        return values.gather(0, drawn.clamp(max=len(values) - 1)).squeeze(0)
