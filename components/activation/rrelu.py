"""The leaky rectifier whose slope is drawn at random in training."""

from torch import nn

from components.registry import component
from components.rules import require
from components.spec import NonNegativeFloat, example


@component(
    id="act_rrelu",
    kind="layer",
    family="Activation",
    name="RReLU",
    name_zh="RReLU",
    help_zh="训练时负半轴斜率在区间内随机取值，评估时取区间中点；有正则化作用。",
    source="Xu et al., Empirical Evaluation of Rectified Activations, arXiv 1505.00853",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="randomized leaky rectifier slope 随机 泄漏",
    tags=("stochastic", "batch_independent"),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), low=0.0, high=0.5)),
)
def rrelu(low: NonNegativeFloat = 1 / 8, high: NonNegativeFloat = 1 / 3) -> nn.Module:
    r"""Keeps positive values and scales each negative one by a random slope.

    $$y = \max(0, x) + a \min(0, x), \quad a \sim U(l, u) \text{ in training}, \quad
    a = \tfrac{l + u}{2} \text{ in evaluation}$$

    Args:
        low: smallest slope l.
        high: largest slope u; at least low.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Raises:
        ValueError: high below low.

    Source: Xu et al., arXiv 1505.00853; torch.nn.RReLU.
    """
    require(low <= high, "act_rrelu", "high", (f"at least low ({low})", f"不小于 low（{low}）的数"), high)
    return nn.RReLU(low, high)
