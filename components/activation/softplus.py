"""The smooth rectifier."""

from torch import nn

from components.registry import component
from components.spec import PositiveFloat, example


@component(
    id="act_softplus",
    kind="layer",
    family="Activation",
    name="Softplus",
    name_zh="Softplus",
    help_zh="ReLU 的平滑版本，输出恒为正。",
    source="Dugas et al., Incorporating Second-Order Functional Knowledge, NeurIPS 2000",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="smooth relu positive 平滑",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), beta=3.0)),
)
def softplus(beta: PositiveFloat = 1.0, threshold: PositiveFloat = 20.0) -> nn.Module:
    r"""A smooth rectifier whose output is always positive.

    $$y = \frac{1}{\beta} \ln(1 + e^{\beta x})$$

    Args:
        beta: sharpness of the bend at zero.
        threshold: value of beta x above which y is x itself, as the formula would overflow.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Dugas et al., NeurIPS 2000; torch.nn.Softplus.
    """
    return nn.Softplus(beta, threshold)
