"""The logistic sigmoid."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_sigmoid",
    kind="layer",
    family="Activation",
    name="Sigmoid",
    name_zh="Sigmoid",
    help_zh="把任意实数压缩到 0 与 1 之间，可看作概率。",
    source="Rumelhart et al., Learning representations by back-propagating errors, Nature 1986",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="logistic probability 逻辑函数",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def sigmoid() -> nn.Module:
    r"""Squeezes each value into the range from zero to one.

    $$y = \frac{1}{1 + e^{-x}}$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: classical; in networks since Rumelhart et al., Nature 1986; torch.nn.Sigmoid.
    """
    return nn.Sigmoid()
