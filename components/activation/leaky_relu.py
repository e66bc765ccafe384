"""The rectifier that lets a little of the negative side through."""

from torch import nn

from components.registry import component
from components.spec import NonNegativeFloat, example


@component(
    id="act_leaky_relu",
    kind="layer",
    family="Activation",
    name="Leaky ReLU",
    name_zh="LeakyReLU",
    help_zh="负半轴保留一个小斜率，避免神经元“死亡”。",
    source="Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, ICML 2013",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="lrelu rectifier slope 泄漏",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), negative_slope=0.2)),
)
def leaky_relu(negative_slope: NonNegativeFloat = 0.01) -> nn.Module:
    r"""Keeps positive values and scales negative ones by a small slope.

    $$y = \max(0, x) + a \min(0, x)$$

    Args:
        negative_slope: slope a of the negative side.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Maas et al., ICML 2013; torch.nn.LeakyReLU.
    """
    return nn.LeakyReLU(negative_slope)
