"""The self-normalizing exponential linear unit."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_selu",
    kind="layer",
    family="Activation",
    name="SELU",
    name_zh="SELU",
    help_zh="自归一化激活：配合 LeCun 初始化，各层输出趋于零均值、单位方差。",
    source="Klambauer et al., Self-Normalizing Neural Networks, arXiv 1706.02515",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="scaled elu self-normalizing 自归一化",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def selu() -> nn.Module:
    r"""A scaled ELU that keeps mean zero and variance one through many layers.

    $$y = \lambda \left( \max(0, x) + \min(0, \alpha (e^x - 1)) \right), \quad
    \lambda \approx 1.0507, \alpha \approx 1.6733$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Klambauer et al., arXiv 1706.02515; torch.nn.SELU.
    """
    return nn.SELU()
