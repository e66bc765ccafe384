"""The rectifier with a ceiling of six."""

from torch import nn

from components.registry import component
from components.spec import example


@component(
    id="act_relu6",
    kind="layer",
    family="Activation",
    name="ReLU6",
    name_zh="ReLU6",
    help_zh="把 ReLU 的输出限制在 6 以内，适合低精度推理。",
    source="Howard et al., MobileNets, arXiv 1704.04861",
    inputs={"x": "*"},
    outputs={"y": "*"},
    keywords="clipped rectifier mobilenet 截断",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4))),
)
def relu6() -> nn.Module:
    r"""Cuts values to the range from zero to six.

    $$y = \min(\max(0, x), 6)$$

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Krizhevsky, Convolutional deep belief networks on CIFAR-10, 2010; used in arXiv 1704.04861; torch.nn.ReLU6.
    """
    return nn.ReLU6()
