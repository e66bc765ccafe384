"""The rectified linear unit."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_relu",
    kind="layer",
    family="Activation",
    name="ReLU",
    name_zh="ReLU",
    help_zh="负数置零，正数不变；最常用的激活函数。",
    source="Nair & Hinton, Rectified Linear Units Improve RBMs, ICML 2010",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="rectifier 整流 修正线性单元",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4, 5))),
)
def relu() -> nn.Module:
    r"""Keeps positive values and sets negative ones to zero.

    $$y = \max(0, x)$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Nair & Hinton, ICML 2010; torch.nn.ReLU.
    """
    return nn.ReLU()
