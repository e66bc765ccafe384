"""The Mish activation."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_mish",
    kind="layer",
    family="Activation",
    name="Mish",
    name_zh="Mish",
    help_zh="平滑、非单调的激活函数，负半轴保留少量信息。",
    source="Misra, Mish: A Self Regularized Non-Monotonic Activation Function, arXiv 1908.08681",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="smooth non-monotonic 平滑",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def mish() -> nn.Module:
    r"""A smooth gate of the value by itself; slightly negative values pass.

    $$y = x \tanh(\ln(1 + e^x))$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Misra, arXiv 1908.08681; torch.nn.Mish.
    """
    return nn.Mish()
