"""Local response normalization: strong responses damp their neighbours among the channels."""

from torch import nn

from components.registry import component
from components.spec import Count, NonNegativeFloat, PositiveFloat, example


@component(
    id="norm_lrn",
    kind="layer",
    family="Feature normalization",
    name="Local response normalization (LRN)",
    name_zh="局部响应归一化 LRN",
    help_zh="让相邻通道相互抑制，突出响应最强的通道；AlexNet 使用。",
    source="Krizhevsky et al., AlexNet, NeurIPS 2012",
    inputs={"x": "B C L *"},
    outputs={"y": "B C L *"},
    keywords="lrn alexnet lateral inhibition 侧抑制",
    tags=("batch_independent",),
    examples=(example(x=(2, 7, 3)), example(x=(2, 6, 3, 4), size=3, alpha=0.5, beta=0.5, k=2.0)),
)
def local_response_norm(
    size: Count = 5, alpha: NonNegativeFloat = 1e-4, beta: NonNegativeFloat = 0.75, k: PositiveFloat = 1.0
) -> nn.Module:
    r"""Divides each value by a power of the energy in the neighbouring channels.

    $$y_c = x_c \left(k + \frac{\alpha}{n} \sum_{c' \text{ near } c} x_{c'}^2\right)^{-\beta}$$

    Args:
        size: number n of neighbouring channels, the channel itself among them.
        alpha: weight of the energy.
        beta: exponent of the divisor.
        k: constant in the divisor.

    Shape:
        x: (B, C, L, *), at least three axes.
        y: the same.

    Source: Krizhevsky et al., NeurIPS 2012 (its alpha is not divided by n); torch.nn.LocalResponseNorm.
    """
    return nn.LocalResponseNorm(size, alpha, beta, k)
