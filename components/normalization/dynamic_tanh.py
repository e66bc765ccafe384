"""Dynamic tanh: a learned squashing in the place of layer normalization."""

import math
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from components.registry import component
from components.spec import Dims, InFeatures, PositiveFloat, example


@component(
    id="norm_dynamic_tanh",
    kind="layer",
    family="Feature normalization",
    name="Dynamic tanh (DyT, DyISRU)",
    name_zh="动态 Tanh（DyT、DyISRU）",
    help_zh="用逐元素的可学习压缩函数代替层归一化，不计算任何统计量。",
    source="Zhu et al., Transformers without Normalization, arXiv 2503.10622; Stollenwerk, arXiv 2503.21708",
    keywords="dyt dyisru normalization-free transformer elementwise 无归一化 逐元素",
    tags=("batch_independent",),
    examples=(example(x=(3, 7)), example(x=(2, 5, 7), function="isru"), example(x=(2, 3, 5, 7), alpha=0.8)),
)
class DynamicTanh(nn.Module):
    r"""Squashes each value by a function whose width is learned, then scales and shifts each feature.

    $$y = \gamma \odot \tanh(\alpha x) + \beta \quad \text{or} \quad
    y = \gamma \odot \frac{\alpha \sqrt{C}\, x}{\sqrt{C + \alpha^2 x^2}} + \beta$$

    The second, the inverse square root unit (DyISRU), is what RMS normalization does to a value among many.
    Near zero both have the slope alpha, tanh up to 1 and the other up to sqrt(C).

    Args:
        normalized_shape: features C, the size of the last axis.
        function: ``tanh`` (DyT) or ``isru`` (DyISRU).
        alpha: the first value of the learned slope at zero.

    Shape:
        x: (B, *, C).
        y: the same.

    Source: Zhu et al., arXiv 2503.10622, equation 2; Stollenwerk, arXiv 2503.21708, whose beta under the root is
    C / alpha^2 here, so that alpha means the same in both functions and the divisor is never zero.
    """

    def __init__(
        self,
        normalized_shape: InFeatures,
        function: Literal["tanh", "isru"] = "tanh",
        alpha: PositiveFloat = 0.5,
    ) -> None:
        super().__init__()
        self.function = function
        self.alpha = nn.Parameter(torch.tensor(alpha))
        self.weight = nn.Parameter(torch.ones(normalized_shape))
        self.bias = nn.Parameter(torch.zeros(normalized_shape))

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        z = self.alpha * x
        if self.function == "tanh":
            squashed = z.tanh()
        else:
            features = x.shape[-1]
            squashed = math.sqrt(features) * z * (features + z.square()).rsqrt()
        return squashed * self.weight + self.bias

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, function={self.function!r}"
