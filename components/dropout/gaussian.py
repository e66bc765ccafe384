"""Gaussian dropout: values are multiplied by noise around 1."""

from typing import Annotated

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, DropRate, example


@component(
    id="drop_gaussian",
    kind="layer",
    family="Dropout",
    name="Gaussian dropout",
    name_zh="高斯失活",
    help_zh="训练时把每个值乘以均值为 1 的高斯噪声，方差与失活率 p 的普通 Dropout 相同；评估时不起作用。",
    source="Srivastava et al., Dropout, JMLR 2014",
    keywords="multiplicative noise regularization normal 乘性噪声 正则化",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(2, 7)), example(x=(2, 3, 5), p=0.2)),
)
class GaussianDropout(nn.Module):
    r"""In training, multiplies each value by normal noise with the mean and variance of dropout's mask.

    $$y = m \odot x, \quad m_i \sim \mathcal{N}\!\left(1, \frac{p}{1 - p}\right)$$

    Args:
        p: the drop rate whose variance the noise has.

    Shape:
        x: (*), any shape.
        y: the same; in evaluation x itself.

    Source: Srivastava et al., JMLR 2014, section 10.
    """

    def __init__(self, p: DropRate = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Annotated[Tensor, Dims("*")]) -> Annotated[Tensor, Dims("*")]:
        if not self.training:
            return x
        return x * (1 + (self.p / (1 - self.p)) ** 0.5 * torch.randn_like(x))

    def extra_repr(self) -> str:
        return f"p={self.p}"
