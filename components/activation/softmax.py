"""Softmax: scores to a probability distribution."""

from typing import Annotated

import torch
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="act_softmax",
    kind="layer",
    family="Activation",
    name="Softmax (temperature)",
    name_zh="Softmax",
    help_zh="把一个维度上的得分变为总和为 1 的概率；温度越高越平均。",
    source="Bridle, Probabilistic interpretation of feedforward classification network outputs, 1990",
    keywords="probability distribution temperature 概率 归一化 温度",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), dim=1, temperature=2.0)),
)
def softmax(
    x: Annotated[Tensor, Dims("*")], *, dim: int = -1, temperature: PositiveFloat = 1.0
) -> Annotated[Tensor, Dims("*")]:
    r"""Turns the scores along one axis into positive values of sum one.

    $$y_i = \frac{e^{x_i / \tau}}{\sum_j e^{x_j / \tau}}$$

    Args:
        dim: the axis of the scores.
        temperature: the divisor of the scores; above 1 flattens the distribution, below 1 sharpens it.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Bridle 1990; temperature as in Hinton et al., Distilling the knowledge, arXiv 1503.02531.
    """
    return torch.softmax(x if temperature == 1 else x / temperature, dim)
