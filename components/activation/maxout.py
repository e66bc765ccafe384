"""Maxout: the largest of several linear functions of the input."""

from typing import Annotated

from torch import Tensor, nn

from components.registry import component
from components.spec import Count, Dims, InFeatures, example


@component(
    id="act_maxout",
    kind="layer",
    family="Activation",
    name="Maxout",
    name_zh="Maxout 最大输出单元",
    help_zh="取若干线性函数的最大值，可逼近任意凸函数；自带权重，替代线性层加激活。",
    source="Goodfellow et al., Maxout Networks, arXiv 1302.4389",
    keywords="convex piecewise linear 凸函数 分段线性",
    tags=("batch_independent",),
    examples=(
        example(x=(2, 5), out_features=4),
        example(x=(2, 3, 5), out_features=6, pieces=3, bias=False),
    ),
)
class Maxout(nn.Module):
    r"""Each output is the largest of k learned linear functions of the input.

    $$y_i = \max_{j \in [1, k]} \big( w_{ij}^\top x + b_{ij} \big)$$

    Args:
        in_features: features of the input.
        out_features: features of the output.
        pieces: linear functions k for each output; 1 is a linear layer.
        bias: adds a learned offset to each linear function.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features).

    Source: Goodfellow et al., arXiv 1302.4389. Equal maxima share the gradient.
    """

    def __init__(self, in_features: InFeatures, out_features: Count = 32, pieces: Count = 2, bias: bool = True) -> None:
        super().__init__()
        self.pieces = pieces
        self.linear = nn.Linear(in_features, out_features * pieces, bias)

    def forward(self, x: Annotated[Tensor, Dims("B * C")]) -> Annotated[Tensor, Dims("B * C")]:
        return self.linear(x).unflatten(-1, (-1, self.pieces)).amax(-1)
