"""A hyperbolic tangent of three straight lines."""

from torch import nn

from components.registry import component
from components.rules import require
from components.spec import example


@component(
    id="act_hard_tanh",
    kind="layer",
    family="Activation",
    name="Hardtanh",
    name_zh="HardTanh",
    help_zh="中间保持不变，两端截断到给定范围，用直线近似 Tanh。",
    source="Collobert, Large Scale Machine Learning, PhD thesis, 2004",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="clip clamp piecewise linear 截断 分段线性",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), low=-0.5, high=2.0)),
)
def hard_tanh(low: float = -1.0, high: float = 1.0) -> nn.Module:
    r"""Cuts values to a range.

    $$y = \min(b, \max(a, x))$$

    Args:
        low: smallest output a.
        high: largest output b; greater than low.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Raises:
        ValueError: high that is not greater than low.

    Source: Collobert, PhD thesis 2004; torch.nn.Hardtanh.
    """
    require(low < high, "act_hard_tanh", "high", (f"greater than low ({low})", f"大于 low（{low}）的数"), high)
    return nn.Hardtanh(low, high)
