"""A sigmoid of three straight lines."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.spec import Dims, PositiveFloat, example


@component(
    id="act_hard_sigmoid",
    kind="layer",
    family="Activation",
    name="Hard sigmoid",
    name_zh="HardSigmoid",
    help_zh="用三段直线近似 Sigmoid，计算更快；斜率 1/6 与 PyTorch 相同，1/2 为 BinaryConnect 的定义。",
    source="Courbariaux et al., BinaryConnect, arXiv 1511.00363",
    keywords="hardsigmoid piecewise linear gate 分段线性 门控",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), slope=0.5)),
)
def hard_sigmoid(x: Annotated[Tensor, Dims("*")], *, slope: PositiveFloat = 1 / 6) -> Annotated[Tensor, Dims("*")]:
    r"""Rises in a straight line from zero to one around zero.

    $$y = \min(1, \max(0, a x + 1/2))$$

    Args:
        slope: steepness a of the line: 1/6 as in torch, 1/2 as in BinaryConnect.

    Shape:
        x: (*), any shape.
        y: (*), the same, in [0, 1].

    Source: Courbariaux et al., arXiv 1511.00363, with a slope of 1/2; torch.nn.Hardsigmoid, with 1/6.
    """
    steepness = 6 * slope  # torch's own has 1/6
    return F.hardsigmoid(x if steepness == 1 else steepness * x)
