"""The exponential linear unit."""

from torch import nn

from components.registry import component
from components.spec import PositiveFloat, example


@component(
    id="act_elu",
    kind="layer",
    family="Activation",
    name="ELU",
    name_zh="ELU",
    help_zh="负半轴为指数曲线，输出均值更接近零。",
    source="Clevert et al., Fast and accurate deep network learning by ELUs, arXiv 1511.07289",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="exponential linear 指数线性单元",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), alpha=0.5)),
)
def elu(alpha: PositiveFloat = 1.0) -> nn.Module:
    r"""Keeps positive values and lets negative ones saturate smoothly.

    $$y = \max(0, x) + \min(0, \alpha (e^x - 1))$$

    Args:
        alpha: minus the value that very negative inputs approach.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Clevert et al., arXiv 1511.07289; torch.nn.ELU.
    """
    return nn.ELU(alpha)
