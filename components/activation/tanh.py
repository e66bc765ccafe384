"""The hyperbolic tangent."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_tanh",
    kind="layer",
    family="Activation",
    name="Tanh",
    name_zh="Tanh",
    help_zh="把任意实数压缩到 -1 与 1 之间，关于零对称。",
    source="LeCun et al., Efficient BackProp, 1998",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="hyperbolic tangent 双曲正切",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def tanh() -> nn.Module:
    r"""Squeezes each value into the range from minus one to one.

    $$y = \frac{e^x - e^{-x}}{e^x + e^{-x}}$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: classical; recommended by LeCun et al., Efficient BackProp, 1998; torch.nn.Tanh.
    """
    return nn.Tanh()
