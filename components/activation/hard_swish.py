"""Swish of straight pieces."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_hard_swish",
    kind="layer",
    family="Activation",
    name="Hard-swish",
    name_zh="HardSwish",
    help_zh="用分段线性函数近似 Swish，计算更快。",
    source="Howard et al., Searching for MobileNetV3, arXiv 1905.02244",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="hardswish mobilenet 分段",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def hard_swish() -> nn.Module:
    r"""Swish with the sigmoid replaced by three straight pieces.

    $$y = \frac{x\, \mathrm{ReLU6}(x + 3)}{6}$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Howard et al., arXiv 1905.02244; torch.nn.Hardswish.
    """
    return nn.Hardswish()
