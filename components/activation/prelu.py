"""The rectifier that learns the slope of its negative side."""

from torch import nn

from components.registry import component
from components.spec import InChannels, example


@component(
    id="act_prelu",
    kind="layer",
    family="Activation",
    name="PReLU",
    name_zh="PReLU",
    help_zh="负半轴斜率可学习的 ReLU，每个通道一个斜率。",
    source="He et al., Delving Deep into Rectifiers, arXiv 1502.01852",
    inputs={"x": "B C *"},
    outputs={"y": "B C *"},
    keywords="parametric rectifier slope 参数化",
    tags=("batch_independent",),
    examples=(example(x=(3, 5)), example(x=(2, 3, 4, 5), shared=True, init=0.1)),
)
def prelu(num_parameters: InChannels, shared: bool = False, init: float = 0.25) -> nn.Module:
    r"""Keeps positive values and scales negative ones by a learned slope per channel.

    $$y_c = \max(0, x_c) + a_c \min(0, x_c)$$

    Args:
        num_parameters: channels of the input, each with a slope of its own.
        shared: learns one slope for all channels instead.
        init: first value of each slope a.

    Shape:
        x: (B, C, *), channels on axis 1.
        y: (B, C, *), the same.

    Source: He et al., arXiv 1502.01852; torch.nn.PReLU.
    """
    return nn.PReLU(1 if shared else num_parameters, init)
