"""The smooth activation unit: Leaky ReLU blurred by a Gaussian."""

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor

from components.registry import component
from components.spec import Dims, NonNegativeFloat, PositiveFloat, example


@component(
    id="act_sau",
    kind="layer",
    family="Activation",
    name="Smooth activation unit (SAU)",
    name_zh="SAU 平滑激活单元",
    help_zh="Leaky ReLU 与高斯函数的卷积，处处光滑；σ 趋于 0 时即 Leaky ReLU。",
    source="Biswas et al., SAU: Smooth activation function using convolution, arXiv 2109.13210",
    keywords="smooth leaky relu gaussian convolution 平滑 高斯 卷积",
    tags=("batch_independent",),
    examples=(example(x=(2, 5)), example(x=(2, 3, 4), alpha=0.3, sigma=0.2)),
)
def smooth_activation_unit(
    x: Annotated[Tensor, Dims("*")], *, alpha: NonNegativeFloat = 0.15, sigma: PositiveFloat = 1.0
) -> Annotated[Tensor, Dims("*")]:
    r"""Averages Leaky ReLU around each value with the weights of a Gaussian.

    $$y = \frac{1 + \alpha}{2} x + \frac{1 - \alpha}{2} x\, \mathrm{erf} \frac{x}{\sigma \sqrt 2}
    + (1 - \alpha) \frac{\sigma}{\sqrt{2 \pi}}\, e^{-x^2 / 2 \sigma^2}$$

    Args:
        alpha: slope of the Leaky ReLU on the negative side.
        sigma: standard deviation of the Gaussian.

    Shape:
        x: (*), any shape.
        y: (*), the same.

    Source: Biswas et al., arXiv 2109.13210, with both values fixed.
    """
    scaled = x / sigma
    bump = torch.exp(-scaled.square() / 2) / math.sqrt(2 * math.pi)
    return alpha * x + (1 - alpha) * sigma * (F.gelu(scaled) + bump)  # gelu holds x / 2 and the term with erf
