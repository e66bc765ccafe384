"""The continuously differentiable exponential linear unit."""

from torch import nn

from components.registry import component
from components.spec import PositiveFloat, example


@component(
    id="act_celu",
    kind="layer",
    family="Activation",
    name="CELU",
    name_zh="CELU",
    help_zh="对任意 α 都连续可导的 ELU。",
    source="Barron, Continuously Differentiable Exponential Linear Units, arXiv 1704.07483",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="continuous elu exponential linear 连续可微",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), alpha=0.5)),
)
def celu(alpha: PositiveFloat = 1.0) -> nn.Module:
    r"""An ELU whose slope has no jump at zero, whatever alpha.

    $$y = \max(0, x) + \min(0, \alpha (e^{x / \alpha} - 1))$$

    Args:
        alpha: minus the value that very negative inputs approach.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Barron, arXiv 1704.07483; torch.nn.CELU.
    """
    return nn.CELU(alpha)
