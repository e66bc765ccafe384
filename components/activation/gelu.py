"""The Gaussian error linear unit."""

from typing import Literal

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_gelu",
    kind="layer",
    family="Activation",
    name="GELU",
    name_zh="GELU",
    help_zh="按输入在标准正态分布中的概率加权，Transformer 常用。",
    source="Hendrycks & Gimpel, Gaussian Error Linear Units, arXiv 1606.08415",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="gaussian error erf tanh transformer 高斯误差",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), approximate="tanh")),
)
def gelu(approximate: Literal["none", "tanh"] = "none") -> nn.Module:
    r"""Weights each value by the probability that a normal variable is smaller.

    $$y = x\, \Phi(x)$$

    Args:
        approximate: ``none`` for the exact distribution, ``tanh`` for the closed form of the paper.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Hendrycks & Gimpel, arXiv 1606.08415; torch.nn.GELU.
    """
    return nn.GELU(approximate)
