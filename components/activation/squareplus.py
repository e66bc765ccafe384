"""A smooth rectifier made of a square root alone."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, NonNegativeFloat, example


@component(
    id="act_squareplus",
    kind="layer",
    family="Activation",
    name="Squareplus",
    name_zh="Squareplus",
    help_zh="只用平方根实现的平滑 ReLU，形状接近 Softplus；b 为 0 时就是 ReLU。",
    source="Barron, Squareplus: A Softplus-Like Algebraic Rectifier, arXiv 2112.11687",
    keywords="smooth rectifier algebraic softplus 平滑 代数",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), curvature=0.0)),
)
def squareplus(x: Annotated[Tensor, Dims("*")], *, curvature: NonNegativeFloat = 4.0) -> Annotated[Tensor, Dims("*")]:
    r"""A hyperbola that approaches zero on one side and x on the other.

    $$y = \frac{1}{2} \big( x + \sqrt{x^2 + b} \big)$$

    Args:
        curvature: the width b of the bend: 0 is ReLU, 4 has the curvature of Softplus at zero.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Barron, arXiv 2112.11687.
    """
    if curvature == 0:
        return torch.relu(x)  # the root has no gradient at zero
    return (x + (x.square() + curvature).sqrt()) / 2
