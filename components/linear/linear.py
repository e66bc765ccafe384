"""The fully connected layer."""

from torch import nn

from components.registry import component
from components.spec import Count, InFeatures, example


@component(
    id="linear",
    kind="layer",
    family="Linear",
    name="Linear (fully connected)",
    name_zh="全连接层",
    help_zh="对最后一维做可学习的仿射变换。",
    source="Rosenblatt, The perceptron, Psychological Review 1958",
    inputs={"x": "B * C"},
    outputs={"y": "B * C"},
    keywords="dense fully connected fc 线性 全连接",
    tags=("batch_independent",),
    examples=(example(x=(2, 7), out_features=5), example(x=(2, 3, 7), out_features=5, bias=False)),
)
def linear(in_features: InFeatures, out_features: Count = 64, bias: bool = True) -> nn.Module:
    r"""Multiplies the last axis by a learned matrix and adds an offset.

    $$y = x W^\top + b$$

    Args:
        in_features: size of the last axis of the input.
        out_features: size of the last axis of the output.
        bias: adds the offset b.

    Shape:
        x: (B, *, in_features).
        y: (B, *, out_features).

    Source: Rosenblatt 1958; torch.nn.Linear.
    """
    return nn.Linear(in_features, out_features, bias)
